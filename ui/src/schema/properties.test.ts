import fc from "fast-check";
import { expect, test } from "vitest";
import { broken } from "./fixtures/broken";
import {
  type Field,
  formModel,
  initial,
  initialValue,
  type Json,
  reconcile,
  takeApart,
  toInput,
  validate,
} from "./index";

// The same schemas every time: a test that others run must not fail by chance.
fc.configureGlobal({ seed: 7 });

/** A schema, and a value that fits it. */
interface Pair {
  schema: Record<string, unknown>;
  json: Json;
}

const key = fc.oneof(
  fc.string({ maxLength: 5 }),
  fc.constantFrom("messages", "__proto__", "a/b", "~"),
);

const leaf: fc.Arbitrary<Pair> = fc.oneof(
  fc.string().map((json) => ({ schema: { type: "string" }, json })),
  fc.integer().map((json) => ({ schema: { type: "integer" }, json })),
  fc
    .double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 1 })
    .map((json) => ({ schema: { type: "number", minimum: 0, maximum: 1 }, json })),
  fc.boolean().map((json) => ({ schema: { type: "boolean" }, json })),
  fc
    .constantFrom<Json>("red", 3, true)
    .map((json) => ({ schema: { enum: ["red", 3, true] }, json })),
  fc.constant({ schema: { const: "fixed" }, json: "fixed" }),
  fc.constant({ schema: { type: "string", format: "date" }, json: "2026-01-31" }),
  fc.constant({ schema: { type: "string", format: "byte" }, json: "aGk=" }),
  fc.jsonValue({ maxDepth: 2 }).map((json) => ({ schema: { title: "Any" }, json: json as Json })),
);

function compound(depth: number): fc.Arbitrary<Pair> {
  if (depth === 0) return leaf;
  const inner = compound(depth - 1);
  return fc.oneof(
    leaf,
    inner.map(({ schema, json }) => ({
      schema: { type: "array", items: schema },
      json: [json, json],
    })),
    fc.array(inner, { minLength: 1, maxLength: 3 }).map((pairs) => ({
      schema: {
        type: "array",
        prefixItems: pairs.map((pair) => pair.schema),
        minItems: pairs.length,
        maxItems: pairs.length,
      },
      json: pairs.map((pair) => pair.json),
    })),
    fc.tuple(key, inner).map(([name, { schema, json }]) => ({
      schema: { type: "object", additionalProperties: schema },
      json: Object.fromEntries([[name === "" ? "k" : name, json]]),
    })),
    fc
      .uniqueArray(fc.tuple(key, inner, fc.boolean()), { selector: ([name]) => name, maxLength: 4 })
      .map((fields) => ({
        schema: {
          type: "object",
          properties: Object.fromEntries(fields.map(([name, pair]) => [name, pair.schema])),
          required: fields.filter(([, , required]) => required).map(([name]) => name),
        },
        json: Object.fromEntries(fields.map(([name, pair]) => [name, pair.json])),
      })),
    inner.map(({ schema, json }) => ({ schema: { anyOf: [schema, { type: "null" }] }, json })),
    fc
      .tuple(inner, inner)
      .map(([one, other]) => ({ schema: { anyOf: [one.schema, other.schema] }, json: one.json })),
    inner.map(({ schema, json }) => ({
      schema: { $defs: { D: schema }, $ref: "#/$defs/D" },
      json,
    })),
  );
}

/**
 * References work only where the definitions stand at the root; JSON knows no negative zero; a key
 * without a name is complained about on purpose.
 */
const pair = compound(3)
  .filter(({ schema, json }) => isRooted(schema) && !JSON.stringify(json).includes('"":'))
  .map(({ schema, json }): Pair => ({ schema, json: JSON.parse(JSON.stringify(json)) }));

function isRooted(schema: Record<string, unknown>): boolean {
  const { $defs: _defs, ...rest } = schema;
  const text = JSON.stringify("$ref" in schema ? schema.$defs : rest);
  return !text.includes('"$defs"');
}

/** Open a model as far as a user would. */
function open(field: Field, depth: number): void {
  initial(field, true);
  if (depth === 0) return;
  if (field.kind === "object") for (const one of field.properties()) open(one.field, depth - 1);
  if (field.kind === "list") open(field.item(), depth - 1);
  if (field.kind === "map") open(field.value(), depth - 1);
  if (field.kind === "tuple") for (const item of field.items()) open(item, depth - 1);
  if (field.kind === "union") for (const one of field.choices) open(one.field(), depth - 1);
}

test("no schema, however broken, makes anything throw", () => {
  fc.assert(
    fc.property(broken, fc.jsonValue({ maxDepth: 3 }), (schema, json) => {
      const model = formModel(schema);
      open(model.field, 4);
      for (const value of [initialValue(model), takeApart(json as Json, model)]) {
        validate(model, value);
        toInput(model, value);
        reconcile(formModel({ type: "string" }), model, value);
      }
    }),
    { numRuns: 1500 },
  );
});

test("JSON that was taken apart is sent as it was", () => {
  fc.assert(
    fc.property(pair, ({ schema, json }) => {
      const model = formModel(schema);
      expect(toInput(model, takeApart(json, model))).toEqual(json);
    }),
    { numRuns: 500 },
  );
});

test("any other JSON is sent as it was, too", () => {
  const noConst = pair.filter(({ schema }) => !JSON.stringify(schema).includes('"const"'));
  fc.assert(
    fc.property(noConst, fc.jsonValue({ maxDepth: 3 }), ({ schema }, json) => {
      const model = formModel(schema);
      // JSON knows no negative zero.
      const plain = JSON.parse(JSON.stringify(json));
      expect(toInput(model, takeApart(plain, model))).toEqual(plain);
    }),
    { numRuns: 500 },
  );
});

test("what is sent is taken apart into the same form", () => {
  fc.assert(
    fc.property(pair, ({ schema, json }) => {
      const model = formModel(schema);
      const value = takeApart(json, model);
      expect(takeApart(toInput(model, value) ?? null, model)).toEqual(value);
    }),
    { numRuns: 500 },
  );
});

test("a value that fits its schema is not complained about", () => {
  fc.assert(
    fc.property(pair, ({ schema, json }) => {
      const model = formModel(schema);
      expect([...validate(model, takeApart(json, model))]).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test("a form whose fields all have defaults can be sent untouched", () => {
  fc.assert(
    fc.property(fc.dictionary(key, pair, { maxKeys: 4 }), (fields) => {
      const properties = Object.entries(fields)
        .filter(([, { schema, json }]) => json !== null && !("$ref" in schema))
        .map(([name, { schema, json }]) => [name, { ...schema, default: json }] as const);
      const model = formModel({
        type: "object",
        properties: Object.fromEntries(properties),
        required: properties.map(([name]) => name),
      });
      expect([...validate(model, initialValue(model))]).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("a form keeps its value when its schema comes again", () => {
  fc.assert(
    fc.property(pair, ({ schema, json }) => {
      const before = formModel(schema);
      const after = formModel(structuredClone(schema));
      const value = takeApart(json, before);
      expect(reconcile(before, after, value)).toEqual(value);
    }),
    { numRuns: 500 },
  );
});
