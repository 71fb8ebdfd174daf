import { expect, test } from "vitest";
import { KEPT_CHARACTERS, KEPT_EVENTS, LastEvents } from "./events";

function kept(count: number, data: string): number[] {
  const events = new LastEvents();
  for (let index = 0; index < count; index += 1) {
    events.keep({ index, at: index, event: "data", data });
  }
  return events.all().map((event) => event.index);
}

test.each([
  ["few", 3, 10, 0],
  ["as many as can be kept", KEPT_EVENTS, 10, 0],
  ["more than that", 3 * KEPT_EVENTS + 1, 10, 2 * KEPT_EVENTS + 1],
  ["large ones", 10, KEPT_CHARACTERS / 4, 6],
  ["one that is too large alone", 3, KEPT_CHARACTERS + 1, 2],
])("of %s the last are kept", (_name, count, length, first) => {
  const indexes = kept(count, "x".repeat(length));
  expect(indexes).toEqual(Array.from({ length: count - first }, (_, at) => first + at));
});
