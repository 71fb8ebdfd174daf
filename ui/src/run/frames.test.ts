import { expect, test } from "vitest";
import { Frames } from "./frames";

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));

test("calls back once a frame, however often it is asked", async () => {
  let calls = 0;
  const frames = new Frames(() => {
    calls += 1;
  });
  frames.request();
  frames.request();
  await nextFrame();
  expect(calls).toBe(1);
  frames.request();
  await nextFrame();
  expect(calls).toBe(2);
});

test("what was asked for is done with when it is flushed or cancelled", async () => {
  let calls = 0;
  const frames = new Frames(() => {
    calls += 1;
  });
  frames.request();
  frames.flush();
  expect(calls).toBe(1);
  frames.request();
  frames.cancel();
  await nextFrame();
  expect(calls).toBe(1);
});
