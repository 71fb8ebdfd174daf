import fc from "fast-check";
import { expect, test } from "vitest";
import { gapsOf, scaleOf } from "./gaps";
import type { Step } from "./tree";

function step(id: string, parent: string | null, start: number, end: number | null): Step {
  return {
    ...{ id, parent, depth: parent === null ? 0 : 1, name: id, kind: "tool", state: "done" },
    ...{ start, end, input: null, output: null, error: null, tokensIn: null, tokensOut: null },
    ...{ tags: [], metadata: {} },
  };
}

test("a gap is a long time in which nothing but waiting was done", () => {
  const root = step("root", null, 0, 10_000);
  const early = step("early", "root", 0, 1_000);
  const late = step("late", "root", 9_000, 10_000);

  expect(gapsOf([root, early, late], 0)).toEqual([{ start: 1_000, end: 9_000 }]);
  expect(gapsOf([root, late], 0)).toEqual([{ start: 0, end: 9_000 }]);
  expect(gapsOf([root, early], 0)).toEqual([{ start: 1_000, end: 10_000 }]);
  expect(gapsOf([root, step("all", "root", 500, 9_000), early, late], 0)).toEqual([]);
  expect(gapsOf([root], 0)).toEqual([]);
  expect(gapsOf([], 5)).toEqual([]);
});

test("what is short, or a small part of the whole, is no gap", () => {
  const root = step("root", null, 0, 100);
  expect(gapsOf([root, step("a", "root", 90, 100)], 0)).toEqual([]);
  const long = step("root", null, 0, 20_000);
  expect(gapsOf([long, step("a", "root", 2_000, 20_000)], 0)).toEqual([]);
});

test("a step that runs is no gap, however long", () => {
  const root = step("root", null, 0, null);
  expect(gapsOf([root, step("a", "root", 100, null)], 60_000)).toEqual([]);
});

test("on the timeline a folded gap is narrow, and what is beside it wide", () => {
  const { at, folds } = scaleOf(0, 10_000, [{ start: 1_000, end: 9_000 }]);

  expect([at(0), at(10_000)]).toEqual([0, 1]);
  expect(at(1_000)).toBeCloseTo(0.49, 2);
  expect(folds).toEqual([{ from: at(1_000), until: at(9_000) }]);
  expect(at(9_000) - at(1_000)).toBeCloseTo(0.03, 2);
  expect(scaleOf(0, 10_000, []).at(2_500)).toBe(0.25);
});

test("later is never further left", () => {
  const times = fc.array(fc.nat(100_000), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(times, fc.nat(100_000), fc.nat(100_000), (edges, one, other) => {
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = edges.sort((x, y) => x - y);
      const gaps = [
        { start: b, end: c + 1 },
        { start: d + 1, end: e + 2 },
      ];
      const { at } = scaleOf(a, f + 2, gaps);
      expect(at(Math.max(one, other))).toBeGreaterThanOrEqual(at(Math.min(one, other)));
    }),
  );
});
