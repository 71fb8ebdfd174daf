import { expect, test } from "vitest";
import { formModel } from "../../schema";
import {
  answersIn,
  askedAgain,
  type ChatMessage,
  chatInput,
  lastQuestion,
  textOf,
} from "./conversation";
import { type ChatShape, chatShapeOf } from "./shape";

const message = {
  anyOf: [{ $ref: "#/$defs/AIMessage" }, { $ref: "#/$defs/HumanMessage" }],
};
const $defs = {
  AIMessage: {
    title: "AIMessage",
    type: "object",
    properties: { type: { const: "ai" }, content: { type: "string" } },
  },
  HumanMessage: {
    title: "HumanMessage",
    type: "object",
    properties: { type: { const: "human" }, content: { type: "string" } },
  },
};
const list = { type: "array", items: message };
const human = (content: string): ChatMessage => ({ type: "human", content });
const ai = (content: string): ChatMessage => ({ type: "ai", content });
const key: ChatShape = { kind: "key", messages: "messages" };

test.each([
  ["a list of messages", { ...list, $defs }, { kind: "list" }],
  ["one of several inputs", { anyOf: [{ type: "string" }, list], $defs }, { kind: "list" }],
  ["a field of messages", { type: "object", properties: { messages: list }, $defs }, key],
  [
    "an optional field, behind a reference",
    {
      $ref: "#/$defs/Input",
      $defs: {
        ...$defs,
        Input: { type: "object", properties: { talk: { anyOf: [list, { type: "null" }] } } },
      },
    },
    { kind: "key", messages: "talk" },
  ],
  [
    "messages and a text",
    { type: "object", properties: { chat_history: list, question: { type: "string" } }, $defs },
    { kind: "two keys", history: "chat_history", text: "question" },
  ],
  [
    "messages among more fields",
    {
      type: "object",
      properties: { messages: list, user: { type: "string" }, n: { type: "integer" } },
      $defs,
    },
    key,
  ],
  [
    "messages by name only",
    { type: "object", properties: { messages: { type: "array", items: {} } } },
    key,
  ],
  [
    "roles in place of types",
    {
      type: "object",
      properties: {
        messages: {
          type: "array",
          items: { type: "object", properties: { role: {}, content: {} } },
        },
      },
    },
    key,
  ],
  ["a text", { type: "string" }, { kind: "text" }],
  ["a number", { type: "number" }, null],
  ["other lists", { type: "object", properties: { tags: { type: "array", items: {} } } }, null],
  ["nothing", undefined, null],
  ["a schema that refers to itself", { $ref: "#" }, null],
])("the place of a conversation in %s", (_, schema, shape) => {
  expect(chatShapeOf(formModel(schema).field)).toEqual(shape);
});

test("the whole conversation is sent, or only what is new to a thread", () => {
  const talk = [human("one"), ai("two"), human("three")];
  const rest = { user: "ann", messages: ["old"] };
  expect(chatInput(talk, { shape: key, remembered: 0, rest })).toEqual({
    user: "ann",
    messages: talk,
  });
  expect(chatInput(talk, { shape: key, remembered: 2, rest })).toEqual({
    user: "ann",
    messages: [human("three")],
  });
  expect(chatInput(talk, { shape: { kind: "list" }, remembered: 0, rest })).toEqual(talk);
});

test("of two keys the history gets all but the last text", () => {
  const shape: ChatShape = { kind: "two keys", history: "history", text: "question" };
  const talk = [human("one"), ai("two"), human("three")];
  expect(chatInput(talk, { shape, remembered: 0, rest: null })).toEqual({
    history: [human("one"), ai("two")],
    question: "three",
  });
  expect(chatInput(talk, { shape, remembered: 2, rest: null })).toEqual({
    history: [],
    question: "three",
  });
  expect(chatInput(talk, { shape: { kind: "text" }, remembered: 0, rest: null })).toBe("three");
});

test("how an answer came about is not sent back", () => {
  const answer = { ...ai("x"), id: "a1", usage_metadata: { input_tokens: 1 }, tool_calls: [] };
  expect(chatInput([answer], { shape: { kind: "list" }, remembered: 0, rest: null })).toEqual([
    { type: "ai", content: "x", id: "a1", tool_calls: [] },
  ]);
});

test.each([
  ["a text", "hello", [ai("hello")]],
  ["a message", { type: "ai", content: "hello" }, [ai("hello")]],
  ["a chunk", { type: "AIMessageChunk", content: "hello" }, [ai("hello")]],
  ["a role", { role: "assistant", content: "hello" }, [{ role: "assistant", ...ai("hello") }]],
  ["the whole state", { messages: [human("q"), ai("hello")] }, [ai("hello")]],
  ["updates of a graph", { agent: { messages: [ai("hello")] } }, [ai("hello")]],
  ["an answer field", { answer: "hello", sources: [] }, [ai("hello")]],
  ["a number", 3, []],
  ["nothing", null, []],
])("the answer in %s", (_, output, answers) => {
  expect(answersIn(output, key, [human("q")])).toEqual(answers);
});

test("a state that repeats the conversation adds only what is new, tools included", () => {
  const tool: ChatMessage = { type: "tool", content: "4", tool_call_id: "c" };
  const output = { messages: [human("a"), ai("b"), human("q"), ai(""), tool, ai("4")] };
  expect(answersIn(output, key, [human("a"), ai("b"), human("q")])).toEqual([
    ai(""),
    tool,
    ai("4"),
  ]);
});

test("asking again forgets what came after", () => {
  const talk = [human("one"), ai("two"), human("three"), ai("four")];
  expect(askedAgain(talk, 2)).toEqual([human("one"), ai("two"), human("three")]);
  expect(askedAgain(talk, 0, "other")).toEqual([human("other")]);
  const parts = [{ type: "text", text: "other" }, { type: "image" }];
  expect(askedAgain(talk, 0, parts)).toEqual([{ type: "human", content: parts }]);
  expect(lastQuestion(talk)).toBe(2);
  expect(lastQuestion([])).toBe(-1);
});

test("the text of blocks is joined", () => {
  expect(textOf([{ type: "text", text: "a" }, "b", { type: "image" }])).toBe("ab");
  expect(textOf(null)).toBe("");
});
