import { expect, test } from "vitest";
import agent from "../../recordings/agent.sse?raw";
import chain from "../../recordings/chain.sse?raw";
import failingAgent from "../../recordings/failing-agent.sse?raw";
import fallback from "../../recordings/fallback.sse?raw";
import type { StepEvent } from "../api";
import { dataOf } from "../api/testing";
import { failedStep, StepTree, totalUsage } from "./tree";

function treeOf(recording: string): StepTree {
  const tree = new StepTree();
  dataOf(recording).forEach((event, at) => {
    tree.take(event as StepEvent, at);
  });
  return tree;
}

test("the steps of an agent are nested, timed, and know their tokens", () => {
  const tree = treeOf(agent);
  const rows = tree.steps.map(({ depth, kind, name, state }) => [depth, kind, name, state]);

  expect(rows).toEqual([
    [0, "chain", "/r", "done"],
    [1, "chain", "model", "done"],
    [2, "model", "ScriptedChatModel", "done"],
    [1, "chain", "tools", "done"],
    [2, "tool", "weather", "done"],
    [1, "chain", "model", "done"],
    [2, "model", "ScriptedChatModel", "done"],
  ]);
  for (const step of tree.steps) expect(step.end).toBeGreaterThan(step.start);
  expect(tree.steps[2]).toMatchObject({ tokensIn: 3, tokensOut: 3 });
  expect(tree.steps[4]).toMatchObject({
    input: { city: "Köln" },
    output: { content: "Sun in Köln." },
  });
  expect(totalUsage(tree.steps)).toEqual({ input: 12, output: 8 });
});

test("a chain has a prompt, a model and a parser", () => {
  expect(treeOf(chain).steps.map((step) => step.kind)).toEqual([
    "chain",
    "prompt",
    "model",
    "parser",
  ]);
});

test("a failure belongs to the step that failed and those around it", () => {
  const tree = treeOf(failingAgent);
  tree.close(100, "Internal Server Error");

  expect(tree.steps.map(({ name, state, error }) => [name, state, error])).toEqual([
    ["/r", "failed", "Internal Server Error"],
    ["model", "done", null],
    ["ScriptedChatModel", "done", null],
    ["tools", "failed", "Internal Server Error"],
    ["broken", "failed", "<ValueError>"],
  ]);
  expect(failedStep(tree.steps)?.name).toBe("broken");
});

test("a step that something else took over for is not called done", () => {
  expect(treeOf(fallback).steps.map(({ name, state }) => [name, state])).toEqual([
    ["/r", "done"],
    ["fail", "unfinished"],
    ["succeed", "done"],
  ]);
});

test("of several steps that ran when the run failed none is blamed", () => {
  const tree = new StepTree();
  tree.take(event("on_chain_start", "root"), 0);
  tree.take(event("on_chain_start", "a", ["root"]), 1);
  tree.take(event("on_chain_start", "b", ["root"]), 2);
  tree.close(3, "No");

  expect(tree.steps.map(({ name, state }) => [name, state])).toEqual([
    ["root", "failed"],
    ["a", "unfinished"],
    ["b", "unfinished"],
  ]);
  expect(failedStep(tree.steps)).toBeNull();
});

test("what a model says is there while it speaks, and after it was stopped", () => {
  const tree = new StepTree();
  tree.take(event("on_chat_model_start", "model"), 0);
  for (const content of ["Hel", "lo"]) {
    const chunk = { type: "AIMessageChunk", content };
    tree.take({ ...event("on_chat_model_stream", "model"), data: { chunk } }, 1);
  }
  tree.close(2, null);

  expect(tree.root).toMatchObject({ output: { content: "Hello" }, state: "unfinished", end: 2 });
});

test("steps whose parents are hidden hang below the nearest that is shown", () => {
  const tree = new StepTree();
  tree.take(event("on_chain_start", "root"), 0);
  tree.take(event("on_tool_start", "tool", ["root", "hidden"]), 1);
  tree.take(event("on_tool_start", "other", ["gone"]), 1);

  expect(tree.steps.map(({ name, depth }) => [name, depth])).toEqual([
    ["root", 0],
    ["tool", 1],
    ["other", 0],
  ]);
});

test("events of the runnable's own, and unknown ones, are no steps", () => {
  const tree = new StepTree();
  tree.take(event("on_custom_event", "x"), 0);
  tree.take(event("what", "x"), 0);
  expect(tree.steps).toEqual([]);
});

test("steps that did not change are the same objects", () => {
  const tree = new StepTree();
  tree.take(event("on_chain_start", "root"), 0);
  const before = tree.steps;
  expect(tree.steps).toBe(before);
  tree.take(event("on_tool_start", "tool", ["root"]), 1);
  expect(tree.steps[0]).toBe(before[0]);
});

function event(name: string, id: string, parents: string[] = []): StepEvent {
  return { event: name, run_id: id, name: id, parent_ids: parents, data: {} };
}
