import { expect, test } from "vitest";
import { initialValue, takeApart } from "../../schema";
import {
  changedParts,
  configOf,
  configurationModels,
  partsOf,
  withDefaults,
  withThread,
} from "./configuration";

/** As the service writes it for a runnable with two fields and two more keys. */
const schema = {
  type: "object",
  properties: {
    configurable: { $ref: "#/$defs/Configurable", default: null },
    tags: {
      anyOf: [{ type: "array", items: { type: "string" } }, { type: "null" }],
      default: null,
    },
  },
  $defs: {
    Configurable: {
      type: "object",
      properties: {
        temperature: { type: "number", default: 0.7 },
        model: { enum: ["small", "large"], default: "small" },
        thread_id: { type: "string" },
      },
    },
  },
};

function fieldsOf(json: Record<string, unknown>) {
  const { fields } = configurationModels(schema);
  if (fields === null) throw new Error("no fields");
  return { model: fields, value: takeApart(withDefaults(fields, json) as never, fields) };
}

test("fields, settings and the thread are shown apart", () => {
  const { fields, settings } = configurationModels(schema);
  const names = (model: typeof fields) =>
    model?.field.kind === "object" ? model.field.properties().map(({ name }) => name) : [];
  expect(names(fields)).toEqual(["temperature", "model"]);
  expect(names(settings)).toEqual(["tags"]);
});

test.each([
  [undefined],
  [true],
  [{}],
  [{ type: "object", properties: {} }],
  [{ type: "object", properties: { configurable: { type: "object", properties: {} } } }],
])("a schema without fields has no form for them: %j", (none) => {
  expect(configurationModels(none).fields).toBeNull();
});

test("only what differs from the defaults is sent", () => {
  const { fields } = configurationModels(schema);
  if (fields === null) throw new Error("no fields");
  expect(changedParts(fields, initialValue(fields))).toEqual({});
  const { model, value } = fieldsOf({ temperature: 0.2 });
  expect(changedParts(model, value)).toEqual({ temperature: 0.2 });
});

test("what a link says of fields that the schema does not have is kept", () => {
  const { model, value } = fieldsOf({ unknown: 1 });
  expect(changedParts(model, value)).toEqual({ unknown: 1 });
});

test("a configuration can be taken apart and put together again", () => {
  const config = { tags: ["a"], configurable: { temperature: 1, thread_id: "t" } };
  const { fields, settings, thread } = partsOf(config);
  expect({ fields, settings, thread }).toEqual({
    fields: { temperature: 1 },
    settings: { tags: ["a"] },
    thread: "t",
  });
  expect(configOf(fields, settings, thread)).toEqual(config);
});

test("nothing is sent for nothing", () => {
  expect(configOf({}, {}, null)).toEqual({});
  expect(partsOf({ configurable: "odd" as never })).toEqual({
    fields: {},
    settings: {},
    thread: null,
  });
});

test("a thread is put in place of another, or taken out", () => {
  const config = { configurable: { temperature: 1, thread_id: "old" } };
  expect(withThread(config, "new")).toEqual({ configurable: { temperature: 1, thread_id: "new" } });
  expect(withThread(config, null)).toEqual({ configurable: { temperature: 1 } });
});
