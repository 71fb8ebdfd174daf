import { describe, expect, test } from "vitest";
import agentUpdates from "../../recordings/agent-updates.sse?raw";
import chainMessages from "../../recordings/chain-messages.sse?raw";
import growing from "../../recordings/growing.sse?raw";
import merged from "../../recordings/merged.jsonl?raw";
import parallel from "../../recordings/parallel.sse?raw";
import { dataOf } from "../api/testing";
import { Chunks, Updates } from "./chunks";

interface Case {
  name: string;
  chunks: unknown[];
  whole: unknown;
}

const CASES = merged
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case);

function joined(chunks: readonly unknown[]): unknown {
  const whole = new Chunks();
  for (const chunk of chunks) whole.add(chunk);
  return whole.value;
}

describe("chunks join as LangChain joins them", () => {
  test.each(CASES)("$name", ({ chunks, whole }) => {
    const before = structuredClone(chunks);
    expect(joined(chunks)).toEqual(whole);
    expect(chunks).toEqual(before);
  });
});

test("objects that grow take each other's place", () => {
  const value = { name: "Ada", age: 36, tags: ["a", "bc"] };
  expect(joined(dataOf(growing))).toEqual(value);
});

test("the parts of a parallel add up", () => {
  expect(joined(dataOf(parallel))).toEqual({ number: 3, text: "one two" });
});

test("a part that begins like the one before it is found out by the next", () => {
  expect(joined([{ a: "1" }, { a: "12" }, { a: "3" }])).toEqual({ a: "1123" });
});

test("the chunks of a message are one message", () => {
  expect(joined(dataOf(chainMessages))).toMatchObject({
    content: "one two",
    usage_metadata: { total_tokens: 3 },
    response_metadata: { finish_reason: "stop" },
  });
});

test("what the nodes of a graph changed is kept, one after the other", () => {
  const updates = joined(dataOf(agentUpdates));
  expect(updates).toBeInstanceOf(Updates);
  expect((updates as Updates).map((update) => Object.keys(update))).toEqual([
    ["model"],
    ["tools"],
    ["model"],
  ]);
});

test("states of a graph take each other's place", () => {
  const first = { type: "human", content: "a", id: "1" };
  const second = { type: "ai", content: "b", id: "2" };
  const states = [{ messages: [first] }, { messages: [first, second] }];
  expect(joined(states)).toEqual({ messages: [first, second] });
});

test.each([
  ["numbers", [1, 2, 3], 3],
  ["nothing and something", [null, "a"], "a"],
  ["something and nothing", ["a", null], null],
  ["values of several kinds", ["a", 1, { b: 2 }], { b: 2 }],
])("of %s the last wins", (_name, chunks, whole) => {
  expect(joined(chunks)).toEqual(whole);
});

test("there is no value before the first chunk", () => {
  expect(joined([])).toBeUndefined();
});
