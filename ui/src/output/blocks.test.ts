import fc from "fast-check";
import { expect, test } from "vitest";
import { splitBlocks } from "./blocks";

test.each([
  ["paragraphs", "a\n\nb\n\n\nc", ["a\n\n", "b\n\n\n", "c"]],
  [
    "a fence with blank lines",
    "a\n\n```py\nx\n\ny\n```\n\nb",
    ["a\n\n", "```py\nx\n\ny\n```\n\n", "b"],
  ],
  ["a fence that is open", "~~~\nx\n\ny", ["~~~\nx\n\ny"]],
  [
    "a longer fence around another",
    "````\n```\n\n```\n\n````\n\nb",
    ["````\n```\n\n```\n\n````\n\n", "b"],
  ],
  ["a fence in an item", "- ```\n  x\n\n  y\n  ```\n\nb", ["- ```\n  x\n\n  y\n  ```\n\n", "b"]],
  ["a loose list", "1. a\n\n2. b\n\nc", ["1. a\n\n2. b\n\n", "c"]],
  ["what belongs to an item", "- a\n\n  more\n\nb", ["- a\n\n  more\n\n", "b"]],
  ["code inside a line", "``` x ``` y\n\nb", ["``` x ``` y\n\n", "b"]],
  ["Windows' ends of lines", "a\r\n\r\nb", ["a\r\n\r\n", "b"]],
  ["blank lines before", "\n\na", ["\n\na"]],
  ["nothing", "", []],
])("cuts %s", (_name, text, blocks) => {
  expect(splitBlocks(text)).toEqual(blocks);
});

const line = fc.oneof(
  fc.constantFrom(
    "",
    "",
    "a",
    "- x",
    "1. y",
    "  z",
    "```",
    "```js",
    "~~~",
    "    code",
    "---",
    "> q",
  ),
  fc.string({ maxLength: 6 }),
);
const markdown = fc.array(line).map((lines) => lines.join("\n"));

test("the blocks of any text join to the text", () => {
  fc.assert(
    fc.property(markdown, (text) => {
      expect(splitBlocks(text).join("")).toBe(text);
    }),
  );
});

test("all but the last block of any beginning are blocks of the whole", () => {
  fc.assert(
    fc.property(markdown, fc.nat(), (text, place) => {
      const settled = splitBlocks(text.slice(0, place % (text.length + 1))).slice(0, -1);
      expect(splitBlocks(text).slice(0, settled.length)).toEqual(settled);
    }),
    { numRuns: 1_000 },
  );
});
