import fc from "fast-check";
import { expect, test } from "vitest";
import { diffText, diffValues, sameValue } from "./diff";

function side(parts: ReturnType<typeof diffText>, own: "before" | "after"): string {
  return parts
    .filter((part) => part.side === "both" || part.side === own)
    .map((part) => part.text)
    .join("");
}

test("words that changed are told apart from those that stayed", () => {
  expect(diffText("The quick brown fox.", "The slow brown fox!")).toEqual([
    { side: "both", text: "The " },
    { side: "before", text: "quick" },
    { side: "after", text: "slow" },
    { side: "both", text: " brown fox" },
    { side: "before", text: "." },
    { side: "after", text: "!" },
  ]);
});

test("both texts can be read out of the difference", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", " ", "\n", "é", "."), maxLength: 40 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const parts = diffText(before, after);
      expect(side(parts, "before")).toBe(before);
      expect(side(parts, "after")).toBe(after);
      expect(parts.every((part) => part.text !== "")).toBe(true);
    }),
  );
});

test("long texts are compared by lines, and in bounded time", () => {
  const text = (mark: string) =>
    Array.from({ length: 1500 }, (_, i) => `line ${i}${i % 9 === 0 ? mark : ""} of many words`);
  const parts = diffText(text("x").join("\n"), text("y").join("\n"));
  expect(side(parts, "before")).toBe(text("x").join("\n"));
  expect(parts.filter((part) => part.side === "both").length).toBeGreaterThan(100);
  const noise = (seed: number) => Array.from({ length: 9000 }, (_, i) => `${(i * seed) % 9973}\n`);
  const all = diffText(noise(7).join(""), noise(11).join(""));
  expect(side(all, "after")).toBe(noise(11).join(""));
});

test("objects are compared key by key, equal branches as one", () => {
  expect(
    diffValues(
      { a: 1, b: { c: 1, d: [1, 2] }, gone: 1 },
      { a: 1, b: { c: 2, d: [1, 3, 4] }, new: 0 },
    ),
  ).toEqual([
    { path: "a", change: "same", before: 1, after: 1 },
    { path: "b.c", change: "changed", before: 1, after: 2 },
    { path: "b.d[0]", change: "same", before: 1, after: 1 },
    { path: "b.d[1]", change: "changed", before: 2, after: 3 },
    { path: "b.d[2]", change: "added", after: 4 },
    { path: "gone", change: "removed", before: 1 },
    { path: "new", change: "added", after: 0 },
  ]);
});

test("kinds of values are not mixed up", () => {
  expect(diffValues([], {})).toEqual([{ path: "", change: "changed", before: [], after: {} }]);
  expect(diffValues(null, {})).toHaveLength(1);
  expect(sameValue({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
  expect(sameValue({ a: undefined }, {})).toBe(false);
  expect(sameValue(["x"], { 0: "x" })).toBe(false);
});

test("a value is the same as its copy", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const copy: unknown = structuredClone(value);
      expect(diffValues(value, copy)).toEqual([
        { path: "", change: "same", before: value, after: copy },
      ]);
    }),
  );
});
