import { expect, test } from "vitest";
import { formModel } from "../../schema";
import { formatOf, readBatch } from "./inputs";
import { strings } from "./strings";

const { problems } = strings;

const person = {
  type: "object",
  properties: {
    name: { type: "string" },
    age: { anyOf: [{ type: "integer" }, { type: "null" }] },
    vip: { type: "boolean" },
    address: { $ref: "#/$defs/Address" },
    tags: { type: "array", items: { type: "string" } },
    "odd.name": { type: "string" },
    note: {},
  },
  $defs: {
    Address: { type: "object", properties: { city: { type: "string" }, zip: { type: "string" } } },
  },
};

function inputs(text: string, schema: unknown = person) {
  return readBatch(text, formModel(schema).field).inputs;
}

test("headers are fields, and the schema says what the cells mean", () => {
  expect(inputs('name,age,vip,tags,note\n007,42,TRUE,"[""a""]",5\n')).toEqual([
    { input: { name: "007", age: 42, vip: true, tags: ["a"], note: 5 } },
  ]);
});

test("dotted headers are nested, numbers in them are places in a list", () => {
  expect(inputs("address.city;address.zip;tags.0;tags.1\nBonn;01234;x;y")).toEqual([
    { input: { address: { city: "Bonn", zip: "01234" }, tags: ["x", "y"] } },
  ]);
});

test("a field with a dot in its name wins over nesting", () => {
  expect(inputs("odd.name\tage\nx\t1")).toEqual([{ input: { "odd.name": "x", age: 1 } }]);
});

test("an empty cell is a field that is not set", () => {
  expect(inputs("name,age,vip\nAnn,,\n")).toEqual([{ input: { name: "Ann" } }]);
});

test("a value that does not fit stays text, for the service to refuse", () => {
  expect(inputs("name,age\nAnn,old")).toEqual([{ input: { name: "Ann", age: "old" } }]);
});

test("rows that make no sense are told, the others stay", () => {
  expect(inputs("name,age\na,1,2\nb,3")).toEqual([
    { problem: problems.columns(3, 2) },
    { input: { name: "b", age: 3 } },
  ]);
  expect(inputs("name,name.x\na,1")).toEqual([{ problem: problems.conflict("name.x") }]);
  expect(readBatch('name\n"a', formModel(person).field).problem).toBe(problems.unclosed(2));
});

test("no header reaches the prototype", () => {
  const [row] = inputs("__proto__.admin,name\n1,x");
  const input = row !== undefined && "input" in row ? (row.input as Record<string, unknown>) : {};
  expect(Object.keys(input)).toEqual(["__proto__", "name"]);
  expect(input.admin).toBeUndefined();
});

test("JSON comes as lines, as a list, or as one value", () => {
  expect(inputs('{"name":"a"}\n\n{"name":"b"}\n')).toEqual([
    { input: { name: "a" } },
    { input: { name: "b" } },
  ]);
  expect(inputs('\ufeff[{"name":"a"},\n {"name":"b"}]')).toHaveLength(2);
  expect(inputs('{\n"name": "a"\n}')).toEqual([{ input: { name: "a" } }]);
  expect(inputs("[1,2]\n[3]\n")).toEqual([{ input: [1, 2] }, { input: [3] }]);
});

test("a line that is not JSON is told with its number", () => {
  const [good, bad] = inputs('{"name":"a"}\n{oops}');
  expect(good).toEqual({ input: { name: "a" } });
  expect(bad !== undefined && "problem" in bad ? bad.problem : "").toContain("Line 2 is not JSON");
});

test("a list that is cut short is a problem of the whole", () => {
  expect(readBatch('[{"name":\n"a"},', formModel(person).field).problem).toContain(
    "This is not JSON",
  );
});

test("a runnable of text takes lines, or a column named input", () => {
  const text = { type: "string" };
  expect(inputs("Hello, world\n\nSecond", text)).toEqual([
    { input: "Hello, world" },
    { input: "Second" },
  ]);
  expect(inputs('input\n"Hello, world"\n', text)).toEqual([{ input: "Hello, world" }]);
  expect(inputs("input\n1\n2", { type: "integer" })).toEqual([{ input: 1 }, { input: 2 }]);
});

test("numbers for a runnable of numbers are JSON lines", () => {
  expect(inputs("1\n2.5", { type: "number" })).toEqual([{ input: 1 }, { input: 2.5 }]);
});

test("without a schema, headers still make objects", () => {
  expect(formatOf("a,b\n1,2", formModel(undefined).field)).toBe("csv");
  expect(inputs("a,b.c\nx,2", null)).toEqual([{ input: { a: "x", b: { c: "2" } } }]);
});

test("a schema that refers to itself comes to an end", () => {
  const loop = { $ref: "#/$defs/A", $defs: { A: { $ref: "#/$defs/A" } } };
  expect(inputs("a\n1", loop)).toEqual([{ input: { a: "1" } }]);
});
