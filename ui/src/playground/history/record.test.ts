import { expect, test } from "vitest";
import { bounded, LARGEST_PART, MOST_RUNS, type RunRecord, surplus } from "./record";

const record: RunRecord = {
  id: "1",
  runnable: "/a/",
  startedAt: 1,
  method: "stream",
  outcome: "finished",
  input: { text: "x" },
  config: {},
  output: "y",
  error: null,
  runId: null,
  durationMs: 1,
  firstTokenMs: null,
  tokensIn: null,
  tokensOut: null,
  cut: [],
};

test("what is too large is left out, and said to be", () => {
  const large = bounded({ ...record, output: "x".repeat(LARGEST_PART) });
  expect(large.output).toBeNull();
  expect(large.cut).toEqual(["output"]);
  expect(large.input).toEqual({ text: "x" });
  expect(bounded(record)).toEqual(record);
  expect(bounded({ ...record, output: undefined }).cut).toEqual([]);
});

test("the oldest runs are the ones that are too many", () => {
  const many = Array.from({ length: MOST_RUNS + 2 }, (_, i) => ({ id: `${i}`, startedAt: i }));
  expect(surplus(many)).toEqual(["1", "0"]);
  expect(surplus(many.slice(2))).toEqual([]);
});
