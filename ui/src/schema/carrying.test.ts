import { describe, expect, test } from "vitest";
import chatModel from "./fixtures/chat-model.json";
import config from "./fixtures/config.json";
import graph from "./fixtures/graph.json";
import shapes from "./fixtures/shapes.json";
import {
  fieldErrorsOf422,
  formModel,
  initialValue,
  isValue,
  type Json,
  reconcile,
  takeApart,
  toInput,
} from "./index";

const object = (properties: Record<string, unknown>, required: string[] = []) =>
  formModel({ type: "object", properties, required });

describe("a schema that changes", () => {
  function carry(
    before: ReturnType<typeof formModel>,
    next: ReturnType<typeof formModel>,
    json: Json,
  ) {
    return toInput(next, reconcile(before, next, takeApart(json, before)));
  }

  test("keeps the fields that it still has", () => {
    const before = object({ topic: { type: "string" }, old: { type: "string" } }, ["topic"]);
    const next = object({ topic: { type: "string" }, mood: { type: "string", default: "calm" } });
    expect(carry(before, next, { topic: "ships", old: "x" })).toEqual({
      topic: "ships",
      mood: "calm",
    });
  });

  test("brings its new defaults where nobody has typed", () => {
    const before = object({
      a: { type: "string", default: "x" },
      b: { type: "string", default: "x" },
    });
    const next = object({
      a: { type: "string", default: "y" },
      b: { type: "string", default: "y" },
    });
    expect(carry(before, next, { a: "x", b: "mine" })).toEqual({ a: "y", b: "mine" });
  });

  test("takes a value over into a field of another kind that can hold it", () => {
    const before = object({ a: { type: "integer" }, b: { type: "string" } });
    const next = object({ a: { type: "number" }, b: { type: "integer" } });
    expect(carry(before, next, { a: 3, b: "x" })).toEqual({ a: 3 });
  });

  test("keeps the choice of a union by its name", () => {
    const [text, list] = [{ type: "string" }, { type: "array", items: { type: "string" } }];
    const before = formModel({ anyOf: [text, list] });
    const next = formModel({ anyOf: [{ type: "integer" }, list, text] });
    expect(carry(before, next, ["a"])).toEqual(["a"]);
    expect(carry(before, next, "a")).toBe("a");
  });

  test("makes room for what it now requires", () => {
    const before = object({
      a: { type: "object", properties: { x: { type: "string", default: "1" } } },
    });
    const next = object(
      { a: { type: "object", properties: { x: { type: "string", default: "1" } } } },
      ["a"],
    );
    expect(carry(before, next, {})).toEqual({ a: { x: "1" } });
  });
});

test("a draft that was kept as JSON is a value again, anything else is not", () => {
  const draft = initialValue(formModel(shapes));
  expect(isValue(JSON.parse(JSON.stringify(draft)))).toBe(true);
  for (const other of [null, 3, {}, { is: "list", items: [3] }, { is: "object", fields: {} }]) {
    expect(isValue(other)).toBe(false);
  }
});

describe("what a server says about an input", () => {
  const input = formModel(shapes);
  const told = (loc: unknown, model = input, part: "input" | "config" = "input") => {
    const refusal = fieldErrorsOf422(
      model,
      { detail: [{ loc, msg: "is wrong", type: "x" }] },
      part,
    );
    return { fields: [...refusal.fields.keys()], others: refusal.others };
  };

  test.each<[string, unknown[], string]>([
    ["a place within the input", ["pair", 0], "/pair/0"],
    ["one that starts with the body", ["body", "input", "pair", 0], "/pair/0"],
    ["one that starts with the key of the body", ["input", "tree", "name"], "/tree/name"],
    ["the branch of a tagged union", ["pet", "cat", "lives"], "/pet/lives"],
    ["the branch of a union", ["mixed", "list[str]", 0], "/mixed/0"],
    ["a validator in between", ["tree", "function-after[check(), Tree]", "name"], "/tree/name"],
    ["a key of a map", ["counts", "a"], "/counts/a"],
    ["the inside of a free field", ["free", "a", "b"], "/free/a/b"],
    ["the whole input", [], ""],
    ["the whole input by its key", ["body", "input"], ""],
  ])("is shown at the field: %s", (_, loc, place) => {
    expect(told(loc)).toEqual({ fields: [place], others: [] });
  });

  test("about a branch of an input that is a tagged union is shown at its field", () => {
    const pet = formModel({ ...shapes.properties.pet, $defs: shapes.$defs });
    expect(told(["cat", "lives"], pet).fields).toEqual(["/lives"]);
    expect(told(["input", "cat", "lives"], pet).fields).toEqual(["/lives"]);
  });

  test("about a message is shown at the message", () => {
    const loc = ["messages", 0, "HumanMessage", "content"];
    expect(told(loc, formModel(graph)).fields).toEqual(["/messages/0/content"]);
  });

  test("about every branch of an input that is a union is shown at the input", () => {
    const detail = ["str", "StringPromptValue", "list[tagged-union[AIMessage]]"].map((branch) => ({
      loc: [branch],
      msg: "Input should be a valid string",
      type: "string_type",
    }));
    const refusal = fieldErrorsOf422(formModel(chatModel), { detail });
    expect([...refusal.fields]).toEqual([["", "Input should be a valid string"]]);
    expect(refusal.others).toEqual([]);
  });

  test("about another part of the request is not lost", () => {
    expect(told(["tags", 0], formModel(chatModel)).others).toEqual(["tags → 0: is wrong"]);
    expect(told(["tags", 0])).toEqual({ fields: [], others: ["tags → 0: is wrong"] });
    expect(told(["tags", 0], formModel(config), "config").fields).toEqual(["/tags/0"]);
    expect(told(["configurable", "llm"], formModel(config), "config").fields).toEqual([
      "/configurable/llm",
    ]);
    expect(fieldErrorsOf422(input, { detail: "no" }).others).toEqual(["no"]);
  });

  test.each([null, "text", {}, { detail: [3, {}, { loc: "x" }] }])("%j is no trouble", (body) => {
    expect(() => fieldErrorsOf422(input, body)).not.toThrow();
  });
});
