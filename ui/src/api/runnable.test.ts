// @vitest-environment node

import { expect, test } from "vitest";
import { Addresses } from "./addresses";
import { Failure } from "./failure";
import { RunnableClient, SessionClient } from "./runnable";
import { clientOf } from "./testing";

async function refusal(asking: Promise<unknown>): Promise<Failure> {
  const thrown = await asking.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (thrown instanceof Failure) return thrown;
  throw new Error("it did not fail");
}

test("asks for JSON where the protocol says, and sends JSON", async () => {
  const asked: unknown[] = [];
  const client = await clientOf((request, response, body) => {
    const { method, url, headers } = request;
    asked.push([method, url, headers["content-type"], body && JSON.parse(body)]);
    response.end('{"feedback": [], "public_url": "https://traces.test/1"}');
  });
  await client.about();
  await client.schema("input_schema");
  await client.schema("config_schema", { configHash: "abc" });
  await client.giveFeedback({ run_id: "1", key: "k", score: 1 });
  expect(await client.feedbackOn("a b")).toEqual([]);
  expect(await client.shareTrace("1")).toBe("https://traces.test/1");

  expect(asked).toEqual([
    ["GET", "/api/agent/playground/about.json", undefined, ""],
    ["GET", "/api/agent/input_schema", undefined, ""],
    ["GET", "/api/agent/c/abc/config_schema", undefined, ""],
    [
      "POST",
      "/api/agent/playground/feedback.json",
      "application/json",
      { run_id: "1", key: "k", score: 1 },
    ],
    ["GET", "/api/agent/playground/feedback.json?run_id=a+b", undefined, ""],
    ["PUT", "/api/agent/public_trace_link", "application/json", { run_id: "1" }],
  ]);
});

test("signs in and out without an answer's body", async () => {
  const asked: unknown[] = [];
  const client = await clientOf((request, response, body) => {
    asked.push([request.method, request.url, body]);
    response.writeHead(204).end();
  });
  const session = new SessionClient(client.addresses.page("/api/session"));
  await session.signIn("secret");
  await session.signOut();

  expect(asked).toEqual([
    ["POST", "/api/session", '{"credential":"secret"}'],
    ["DELETE", "/api/session", ""],
  ]);
});

test.each([
  [401, '{"detail": "No credential.", "message": "No credential."}', "No credential."],
  [500, '{"detail": "Internal Server Error"}', "Internal Server Error"],
  [422, '{"detail": ["Invalid JSON body"]}', '["Invalid JSON body"]'],
  [418, "{}", "The request failed (418)"],
  [503, "", "The service has no capacity now (503)"],
  [502, "<html>", "The answer did not come from the service, but from something in front of it"],
])("of %d with %s it says %s", async (status, body, detail) => {
  const client = await clientOf((_request, response) => {
    response.writeHead(status, { "x-request-id": "r-1" }).end(body);
  });
  expect(await refusal(client.about())).toMatchObject({
    kind: "http",
    status,
    detail,
    requestId: "r-1",
  });
});

test("an answer that is no JSON is told as such", async () => {
  const client = await clientOf((_request, response) => response.end("<h1>Sign in</h1>"));
  const failure = await refusal(client.about());

  expect(failure).toMatchObject({ kind: "format", status: 200, body: "<h1>Sign in</h1>" });
});

test("a service that is not there is told as such", async () => {
  const nowhere = new RunnableClient(new Addresses("http://127.0.0.1:9/agent/playground/"));
  expect(await refusal(nowhere.about())).toMatchObject({ kind: "network", status: 0 });
});

test("a request that the page gave up is told as such", async () => {
  const aborting = new AbortController();
  const client = await clientOf(() => aborting.abort());
  expect(await refusal(client.about(aborting.signal))).toMatchObject({ kind: "aborted" });
});

test.each([
  ["7", 7],
  [new Date(0).toUTCString(), 0],
  ["soon", null],
])("a wait of %j is %j seconds", async (value, seconds) => {
  const client = await clientOf((_request, response) => {
    response.writeHead(429, { "retry-after": value }).end("{}");
  });
  expect((await refusal(client.about())).retryAfter).toBe(seconds);
});
