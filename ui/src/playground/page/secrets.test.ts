import { expect, test } from "vitest";
import { formModel, type Json, takeApart, toInput } from "../../schema";
import { holdsSecrets, withoutSecrets } from "./secrets";

const secret = { type: "string", format: "password", writeOnly: true };
const model = formModel({
  type: "object",
  properties: {
    key: secret,
    name: { type: "string" },
    inner: { type: "object", properties: { token: secret, port: { type: "integer" } } },
    list: { type: "array", items: { type: "object", properties: { token: secret } } },
    map: { type: "object", additionalProperties: secret },
    either: { anyOf: [{ type: "integer" }, { type: "object", properties: { token: secret } }] },
  },
});

function kept(json: Json) {
  const value = takeApart(json, model);
  return toInput(model, withoutSecrets(model.field, value));
}

test("passwords are left out wherever they are, and nothing else is", () => {
  const json = {
    key: "hush",
    name: "Ann",
    inner: { token: "hush", port: 1 },
    list: [{ token: "hush" }],
    map: { a: "hush" },
    either: { token: "hush" },
  };
  expect(JSON.stringify(kept(json))).not.toContain("hush");
  expect(kept(json)).toMatchObject({ name: "Ann", inner: { port: 1 } });
});

test("whether there are any is known", () => {
  expect(holdsSecrets(model.field, takeApart({ name: "Ann" }, model))).toBe(false);
  expect(holdsSecrets(model.field, takeApart({ key: "hush" }, model))).toBe(true);
});
