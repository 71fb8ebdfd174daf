import { expect, test } from "vitest";
import { addressOf, curlOf, type Hosted, playgroundOf } from "./overview";

const BASE = "https://example.org/api/console/";
const runnable: Hosted = {
  path: "/agent",
  name: "agent",
  description: null,
  playground: "/api/agent/playground/",
  operations: ["invoke"],
  state: {
    status: "ready",
    reason: null,
    running: 0,
    runs: 0,
    failed: 0,
    latest_failure: null,
  },
};

test("a runnable answers below the service, not below the console", () => {
  expect(addressOf(runnable, BASE)).toBe("https://example.org/api/agent");
  expect(addressOf({ ...runnable, path: "" }, "http://h:1/console/")).toBe("http://h:1/");
});

test("the command quotes what a path may hold", () => {
  const hostile = { ...runnable, path: "/a'; rm -rf $HOME; '" };

  const [first] = curlOf(hostile, false, BASE).split(" \\\n");

  expect(first).toMatch(/^curl '[^']*'(\\'''?[^']*'?)*$/);
  expect(curlOf(runnable, false, BASE)).not.toContain("X-API-Key");
  expect(curlOf(runnable, true, BASE)).toContain('-H "X-API-Key: $MOORAGE_API_KEY"');
});

test("a link leads to no other origin and to no script", () => {
  expect(playgroundOf(runnable, BASE)).toBe("https://example.org/api/agent/playground/");
  for (const playground of ["//elsewhere.example/", "javascript:alert(1)", null]) {
    expect(playgroundOf({ ...runnable, playground }, BASE)).toBeNull();
  }
});
