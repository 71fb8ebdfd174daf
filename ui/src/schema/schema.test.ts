import { describe, expect, test } from "vitest";
import any from "./fixtures/any.json";
import chatModel from "./fixtures/chat-model.json";
import config from "./fixtures/config.json";
import graph from "./fixtures/graph.json";
import messages from "./fixtures/messages.json";
import prompt from "./fixtures/prompt.json";
import shapes from "./fixtures/shapes.json";
import upload from "./fixtures/upload.json";
import {
  type Field,
  formModel,
  initialValue,
  type Json,
  takeApart,
  toInput,
  validate,
} from "./index";

function root(schema: unknown): Field {
  return formModel(schema).field;
}

function part(schema: unknown, name: string): Field {
  const field = root(schema);
  const found =
    field.kind === "object" ? field.properties().find((one) => one.name === name) : undefined;
  if (found === undefined) throw new Error(`no property ${name}`);
  return found.field;
}

function errors(schema: unknown, json: Json): Record<string, string> {
  const model = formModel(schema);
  return Object.fromEntries(validate(model, takeApart(json, model)));
}

function sent(schema: unknown): Json | undefined {
  const model = formModel(schema);
  return toInput(model, initialValue(model));
}

function choices(field: Field): string[] {
  if (field.kind !== "union") throw new Error(`${field.title} is no union but ${field.kind}`);
  return field.choices.map((choice) => choice.name);
}

describe("what pydantic says about a field", () => {
  test.each([
    ["optional", "number", true],
    ["optional_default", "text", true],
    ["nullable", "number", true],
    ["color", "enum", false],
    ["optional_color", "enum", true],
    ["level", "enum", false],
    ["literal", "enum", false],
    ["pet", "union", false],
    ["mixed", "union", false],
    ["share", "number", false],
    ["pair", "tuple", false],
    ["numbers", "list", false],
    ["words", "list", false],
    ["counts", "map", false],
    ["by_color", "map", false],
    ["free", "json", false],
    ["anything", "json", false],
    ["raw", "file", false],
    ["moment", "datetime", false],
    ["day", "date", false],
    ["hour", "time", false],
    ["uuid", "text", false],
    ["amount", "union", false],
    ["secret", "text", false],
    ["nothing", "const", false],
    ["tree", "object", false],
  ])("%s is a field of kind %s, nullable: %s", (name, kind, nullable) => {
    expect(part(shapes, name)).toMatchObject({ kind, nullable });
  });

  test("a title that was made from the name of a class or a function is no label", () => {
    for (const title of ["RunnableLambdaInput", "greet_input", "KnowledgeRetrieverInput"]) {
      expect(root({ type: "string", title }).title).toBe("Input");
    }
    expect(root({ type: "string", title: "Question" }).title).toBe("Question");
    const nested = { type: "object", properties: { a: { type: "string", title: "OrderInput" } } };
    expect(part(nested, "a").title).toBe("OrderInput");
  });

  test("what is required comes first, and titles are readable", () => {
    const field = root(shapes);
    const properties = field.kind === "object" ? field.properties() : [];
    const optional = properties.findIndex((one) => !one.required);
    expect(properties.slice(optional).every((one) => !one.required)).toBe(true);
    expect(part(shapes, "level").title).toBe("Level");
    expect(part(shapes, "optional_color").title).toBe("Optional color");
  });

  test("choices have names that say what they are", () => {
    expect(choices(part(shapes, "pet"))).toEqual(["Cat", "Dog"]);
    expect(choices(part(shapes, "mixed"))).toEqual(["Whole number", "Text", "List of text"]);
  });

  test("a bounded number is a slider, an unbounded one is not", () => {
    expect(part(shapes, "share")).toMatchObject({ slider: true, minimum: 0, maximum: 1 });
    expect(part(shapes, "even")).toMatchObject({ slider: true, minimum: 2, maximum: 8, step: 2 });
    expect(part(shapes, "optional")).toMatchObject({ slider: false });
  });

  test("the keys of a map are chosen where they are listed", () => {
    expect(part(shapes, "by_color")).toMatchObject({ keys: ["red", "blue"] });
  });

  test("a secret is not shown", () => {
    expect(part(shapes, "secret")).toMatchObject({ input: "password" });
  });

  test("a schema that holds itself opens as far as one asks", () => {
    let tree = part(shapes, "tree");
    for (let depth = 0; depth < 50; depth += 1) {
      if (tree.kind !== "object") throw new Error("the tree ended");
      const parent = tree.properties().find((one) => one.name === "parent");
      if (parent === undefined) throw new Error("no parent");
      tree = parent.field;
      expect(tree).toMatchObject({ kind: "object", nullable: true, recursive: true });
    }
  });
});

describe("messages", () => {
  test.each([
    ["const", { const: "ai", default: "ai", type: "string" }],
    ["enum", { enum: ["ai"], default: "ai", type: "string" }],
  ])("are recognised where the schema says it with %s", (_, type) => {
    const message = { type: "object", properties: { content: { type: "string" }, type } };
    expect(root({ type: "array", items: message })).toMatchObject({
      kind: "messages",
      roles: ["ai"],
      single: false,
    });
  });

  test("of a graph, a prompt and pydantic models are composed", () => {
    const roles = ["human", "ai", "system", "tool", "function", "chat"];
    expect(part(graph, "messages")).toMatchObject({ kind: "messages", roles });
    expect(part(prompt, "history")).toMatchObject({ kind: "messages", roles });
    expect(part(messages, "chosen")).toMatchObject({
      kind: "messages",
      roles: ["human", "ai"],
      widget: { input: "chosen" },
    });
    expect(part(messages, "base")).toMatchObject({ kind: "messages", single: false });
    expect(part(messages, "one")).toMatchObject({
      kind: "messages",
      single: true,
      roles: ["human"],
    });
  });

  test("of a graph are composed even if their schema says nothing", () => {
    const schema = { type: "object", properties: { messages: { type: "array", items: {} } } };
    expect(part(schema, "messages").kind).toBe("messages");
  });

  test("are one of the inputs of a chat model, beside text", () => {
    expect(choices(root(chatModel))).toEqual([
      "Text",
      "String prompt value",
      "Chat prompt value concrete",
      "Messages",
    ]);
    const json = [{ type: "human", content: "hi" }];
    const model = formModel(chatModel);
    expect(takeApart(json, model)).toMatchObject({ is: "choice", choice: 3 });
    expect(takeApart("hi", model)).toMatchObject({ is: "choice", choice: 0 });
    expect(toInput(model, takeApart(json, model))).toEqual(json);
  });

  test("that are empty, or answer no tool call, are complained about", () => {
    const json = {
      messages: [
        { type: "human", content: "" },
        { type: "tool", content: "4" },
        { type: "ai", content: "", tool_calls: [{ name: "add", args: {}, id: "1" }] },
      ],
    };
    expect(errors(graph, json)).toEqual({
      "/messages/0": "The message is empty",
      "/messages/1": "Needs the id of the tool call that it answers",
    });
  });
});

describe("LangServe's widgets", () => {
  test("make a file of text, wherever they are written", () => {
    expect(part(upload, "file")).toMatchObject({ kind: "file", encoding: "base64" });
    expect(part(upload, "old_file")).toMatchObject({ kind: "file", encoding: "base64" });
  });

  test("name the two sides of a chat of pairs", () => {
    const history = part(upload, "history");
    const pair = history.kind === "list" ? history.item() : null;
    const titles = pair?.kind === "tuple" ? pair.items().map((item) => item.title) : [];
    expect(titles).toEqual(["Human", "AI"]);
  });
});

describe("configuration", () => {
  test("is open with its defaults, and sends nothing that is not set", () => {
    expect(sent(config)).toEqual({
      configurable: { answers: ["x"], llm: "first", tone: "kind" },
    });
    expect(part(config, "max_concurrency")).toMatchObject({ kind: "number", nullable: true });
    expect(part(config, "run_id")).toMatchObject({ kind: "text", nullable: true });
    expect(part(config, "tags")).toMatchObject({ kind: "list", default: undefined });
  });

  test("has its choices as a selection", () => {
    const schema = (config as { $defs: Record<string, unknown> }).$defs;
    const field = part({ ...(schema.Configurable as object), $defs: schema }, "answers");
    expect(field).toMatchObject({ kind: "list", selection: [{ value: "x" }, { value: "y" }] });
  });
});

describe("schemas that say little or nothing sensible", () => {
  const cyclic = {
    $defs: { A: { $ref: "#/$defs/B" }, B: { $ref: "#/$defs/A" } },
    $ref: "#/$defs/A",
  };
  test.each<[string, unknown]>([
    ["any", any],
    ["true", true],
    ["false", false],
    ["null", null],
    ["a list", []],
    ["text", "string"],
    ["an unknown reference", { $ref: "#/$defs/Nobody" }],
    ["a reference to another host", { $ref: "https://example.org/schema" }],
    ["a reference that is no text", { $ref: 3 }],
    ["references in a circle", cyclic],
    ["a reference to itself", { $ref: "#" }],
    ["a union of itself", { $defs: { A: { anyOf: [{ $ref: "#/$defs/A" }] } }, $ref: "#/$defs/A" }],
    ["an unknown type", { type: "colour" }],
    ["a type that is a number", { type: 4 }],
    ["a broken allOf", { allOf: "x" }],
    ["a broken reference", { $ref: "#/%E0%A4%A" }],
    ["an identifier that is none", { $id: "::", type: 7 }],
  ])("%s becomes a field of JSON", (_, schema) => {
    const model = formModel(schema);
    expect(model.field.kind).toBe("json");
    const value = takeApart({ a: [1] }, model);
    expect(toInput(model, value)).toEqual({ a: [1] });
    expect(() => validate(model, value)).not.toThrow();
  });

  test("a note says why", () => {
    expect(root({ $ref: "#/$defs/Nobody" }).note).toContain("#/$defs/Nobody");
    expect(root(cyclic).note).toContain("refers to itself");
    expect(root(false).note).toContain("accepts no value");
  });

  test("a union with itself keeps its other branches", () => {
    const schema = {
      $defs: {
        A: {
          anyOf: [
            { type: "integer" },
            { type: "array", items: { $ref: "#/$defs/A" } },
            { $ref: "#/$defs/A" },
          ],
        },
      },
      $ref: "#/$defs/A",
    };
    const model = formModel(schema);
    expect(toInput(model, takeApart([[1], 2], model))).toEqual([[1], 2]);
  });

  test("hostile keys and titles are keys and titles", () => {
    const name = "</script><script>alert(1)</script>";
    const schema = JSON.parse(
      `{"type":"object","required":["__proto__"],"properties":{"__proto__":{"type":"string","title":${JSON.stringify(name)}},"constructor":{"type":"integer"}}}`,
    );
    const model = formModel(schema);
    const json = JSON.parse('{"__proto__":"x","constructor":1,"toString":2}');
    expect(part(schema, "__proto__").title).toBe(name);
    expect(JSON.stringify(toInput(model, takeApart(json, model)))).toBe(JSON.stringify(json));
    expect(Object.fromEntries(validate(model, initialValue(model)))).toEqual({
      "/__proto__": "Required",
    });
  });
});

test("words of the language itself are plain words in a schema", () => {
  const schema = {
    type: "object",
    properties: {
      format: { type: "string", format: "constructor" },
      kind: { anyOf: [{ const: { toString: 1, valueOf: 1 } }, { type: "object" }, { title: 3 }] },
    },
  };
  expect(part(schema, "format").kind).toBe("text");
  expect(choices(part(schema, "kind"))).toEqual(['{"toString":1,"valueOf":1}', "Fields", "JSON"]);
  expect(errors({ $defs: {}, not: { type: "string", format: "constructor" } }, "a")).toEqual({
    "": "Does not fit the schema",
  });
});

describe("other dialects", () => {
  test("pydantic 1: definitions, allOf with one reference, tuples under items", () => {
    const schema = {
      type: "object",
      properties: {
        color: { title: "Shade", default: "red", allOf: [{ $ref: "#/definitions/Color" }] },
        pair: {
          type: "array",
          minItems: 2,
          maxItems: 2,
          items: [{ type: "integer" }, { type: "string" }],
        },
        kind: { enum: ["cat"], type: "string" },
      },
      required: ["kind"],
      definitions: { Color: { title: "Color", enum: ["red", "blue"], type: "string" } },
    };
    expect(part(schema, "color")).toMatchObject({ kind: "enum", title: "Shade", default: "red" });
    expect(part(schema, "pair").kind).toBe("tuple");
    expect(sent(schema)).toEqual({ color: "red", kind: "cat" });
  });

  test("OpenAPI's nullable, lists of types, constants with titles", () => {
    expect(root({ type: "string", nullable: true })).toMatchObject({
      kind: "text",
      nullable: true,
    });
    expect(root({ type: ["integer", "null"] })).toMatchObject({ kind: "number", nullable: true });
    expect(choices(root({ type: ["integer", "string"] }))).toEqual(["Whole number", "Text"]);
    expect(
      root({
        oneOf: [
          { const: "r", title: "Red" },
          { const: "b", title: "Blue" },
        ],
      }),
    ).toMatchObject({ kind: "enum", options: [{ label: "Red", value: "r" }, { label: "Blue" }] });
  });
});

describe("complaints", () => {
  test("say in plain words what is wrong, and where", () => {
    const json = {
      nullable: null,
      level: 1,
      literal: "a",
      pet: { kind: "cat", lives: 12 },
      mixed: ["x"],
      share: 2,
      even: 3,
      pair: [1, "a"],
      numbers: [1, 2.5],
      words: ["a", "a"],
      counts: { a: 1 },
      by_color: { red: 1 },
      free: {},
      anything: 1,
      raw: "x",
      moment: "2026-01-31T12:00:00+02:00",
      day: "2026-01-31",
      hour: "12:00",
      uuid: "x",
      amount: 1,
      url: "https://example.org",
      secret: "s",
      code: "b",
      tree: { name: "a", children: [{ name: "b", children: [{}] }] },
    };
    expect(errors(shapes, json)).toEqual({
      "/pet/lives": "Must be 9 or less",
      "/share": "Must be 1 or less",
      "/even": "Must be a multiple of 2",
      "/numbers/1": "Must be a whole number",
      "/words": "No item may appear twice",
      "/uuid": "Must be a UUID, such as 123e4567-e89b-12d3-a456-426614174000",
      "/code": "Needs at least 2 characters",
      "/tree/children/0/children/0/name": "Required",
    });
  });

  test("an untouched form complains only about what is required", () => {
    const model = formModel(prompt);
    expect(Object.fromEntries(validate(model, initialValue(model)))).toEqual({
      "/question": "Required",
      "/topic": "Required",
    });
  });

  test("JSON inside a free field is checked against what the schema says", () => {
    const schema = { type: "object", additionalProperties: { type: "object", required: ["a"] } };
    expect(errors(schema, { x: {} })).toEqual({ "/x": "Missing: a" });
    expect(errors(schema, { x: { a: 1 } })).toEqual({});
  });

  test("a number that cannot be sent exactly is refused", () => {
    const model = formModel({ type: "integer" });
    const typed = (text: string) => [...validate(model, { is: "typed", text }).values()];
    expect(typed("9007199254740993")).toEqual(["Too large to be sent exactly from this form"]);
    expect(typed("9007199254740992")).toEqual([]);
    expect(typed("1e3")).toEqual([]);
    expect(typed("1e400")).toEqual(["Must be a number"]);
  });

  test("keys that a closed object does not know are named", () => {
    const schema = { type: "object", properties: { a: {} }, additionalProperties: false };
    expect(errors(schema, { a: 1, b: 2 })).toEqual({ "": "Unknown: b" });
  });
});
