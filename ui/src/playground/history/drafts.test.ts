import { afterEach, expect, test } from "vitest";
import { Drafts, LARGEST_DRAFT } from "./drafts";

afterEach(() => {
  sessionStorage.clear();
  localStorage.clear();
});

test("a draft is there after a reload", () => {
  const draft = { input: { x: 1 }, config: { tags: ["t"] }, method: "invoke" };
  expect(new Drafts("/a/").write(draft)).toBe(true);
  expect(new Drafts("/a/").read()).toEqual(draft);
  expect(new Drafts("/b/").read()).toBeNull();
});

test("each tab has its own, and a new tab begins with the last", () => {
  new Drafts("/a/").write({ input: "first tab" });
  const mine = new Map(Object.entries(sessionStorage));
  sessionStorage.clear();
  new Drafts("/a/").write({ input: "second tab" });
  sessionStorage.clear();
  expect(new Drafts("/a/").read()).toEqual({ input: "second tab" });
  for (const [key, value] of mine) sessionStorage.setItem(key, String(value));
  expect(new Drafts("/a/").read()).toEqual({ input: "first tab" });
});

test("a browser that keeps nothing is told apart, and nothing breaks", () => {
  const closed = new Drafts("/a/", () => {
    throw new DOMException("switched off", "SecurityError");
  });
  expect(closed.write({ input: 1 })).toBe(false);
  expect(closed.read()).toBeNull();
  expect(new Drafts("/a/").write({ input: "x".repeat(LARGEST_DRAFT) })).toBe(false);
});

test("what is no draft is no draft", () => {
  const drafts = new Drafts("/a/");
  for (const text of ["{", "null", "3"]) {
    sessionStorage.setItem("moorage.draft /a/", text);
    expect(drafts.read()).toBeNull();
  }
  sessionStorage.setItem("moorage.draft /a/", '{"config": [1], "input": null}');
  expect(drafts.read()).toEqual({ input: null });
});
