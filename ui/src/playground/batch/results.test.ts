import { expect, test } from "vitest";
import { parseCsv } from "./csv";
import { asCsv, asJsonLines, type Result } from "./results";

const results: Result[] = [
  { state: "done", input: { a: 1, b: "x,y" }, output: "one\ntwo", runId: "r1", took: 12.6 },
  { state: "failed", input: { a: null }, error: 'it "broke"' },
  { state: "done", input: "plain", output: { k: [1] } },
];

test("a table has the fields of all rows", () => {
  expect(parseCsv(asCsv(results)).rows).toEqual([
    ["row", "state", "input", "input.a", "input.b", "output", "output.k", "error", "run_id", "ms"],
    ["1", "done", "", "1", "x,y", "one\ntwo", "", "", "r1", "13"],
    ["2", "failed", "", "null", "", "", "", 'it "broke"', "", ""],
    ["3", "done", "plain", "", "", "", "[1]", "", "", ""],
  ]);
});

test("JSON lines keep values as they are", () => {
  const lines = asJsonLines(results).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { state: "done", input: { a: 1, b: "x,y" }, output: "one\ntwo", run_id: "r1", ms: 13 },
    { state: "failed", input: { a: null }, error: 'it "broke"' },
    { state: "done", input: "plain", output: { k: [1] } },
  ]);
});
