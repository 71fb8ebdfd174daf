// @vitest-environment happy-dom
// @vitest-environment-options {"settings": {"fetch": {"disableSameOriginPolicy": true}}}

import { expect, test } from "vitest";
import agent from "../../recordings/agent.sse?raw";
import { clientOf, EVENTS, frame } from "../api/testing";
import { KEPT_EVENTS } from "./events";
import { RunStore } from "./store";

const STREAM = { method: "stream", input: 1, operations: ["stream"] } as const;

test("follows a stream to its end", async () => {
  const client = await clientOf((request, response, body) => {
    expect(request.url).toBe("/api/agent/stream");
    expect(JSON.parse(body)).toEqual({ input: 1, config: { tags: ["x"] } });
    response.writeHead(200, EVENTS);
    response.write(frame("metadata", { run_id: "run-1" }));
    response.write(frame("data", "Hello, "));
    response.end(frame("data", "world.") + frame("end"));
  });
  const store = new RunStore(client);
  const states = new Set<string>();
  store.subscribe(() => states.add(store.getSnapshot().state));
  const ended = await store.start({ ...STREAM, config: { tags: ["x"] } });

  expect([...states]).toEqual(["connecting", "running", "done"]);
  expect(ended).toMatchObject({ output: "Hello, world.", runId: "run-1", requestId: "r-1" });
  expect(ended.events.map((event) => event.event)).toEqual(["metadata", "data", "data", "end"]);
  expect(ended.endedAfter).toBeGreaterThanOrEqual(ended.firstAfter ?? Number.NaN);
  expect(store.getSnapshot()).toEqual(ended);
});

test("an error event fails the run and keeps what came before", async () => {
  const client = await clientOf((_request, response) => {
    response.writeHead(200, EVENTS);
    response.end(frame("data", "Hel") + frame("error", { status_code: 429, message: "Slow down" }));
  });
  const ended = await new RunStore(client).start(STREAM);

  expect(ended).toMatchObject({ state: "failed", output: "Hel" });
  expect(ended.failure).toMatchObject({ kind: "run", status: 429, detail: "Slow down" });
});

test("a stream that ends too soon, or breaks, is a cut connection", async () => {
  for (const leave of ["end", "destroy"] as const) {
    const client = await clientOf((_request, response) => {
      response.writeHead(200, EVENTS);
      response.write(frame("data", "Hel"), () => response[leave]());
    });
    const ended = await new RunStore(client).start(STREAM);

    expect(ended).toMatchObject({ state: "failed", output: "Hel", failure: { kind: "cut" } });
  }
});

test("stop aborts the request and keeps what arrived", async () => {
  let told = () => {};
  const closed = new Promise<void>((resolve) => {
    told = resolve;
  });
  const client = await clientOf((_request, response) => {
    response.writeHead(200, EVENTS);
    response.write(frame("data", "Hel"));
    response.on("close", told);
  });
  const store = new RunStore(client);
  const ending = store.start(STREAM);
  await reached(store, () => store.getSnapshot().output === "Hel");
  store.stop();

  expect(await ending).toMatchObject({ state: "stopped", output: "Hel", failure: null });
  await closed;
});

test("a refusal says all that the service said", async () => {
  const detail = [{ loc: ["text"], msg: "Field required", type: "missing" }];
  const client = await clientOf((_request, response) => {
    response.writeHead(422, { "x-request-id": "r-2", "retry-after": "3" });
    response.end(JSON.stringify({ detail, message: "text: Field required" }));
  });
  const { failure } = await new RunStore(client).start({ method: "invoke", input: {} });

  expect(failure).toMatchObject({
    kind: "http",
    status: 422,
    detail: "text: Field required",
    requestId: "r-2",
    retryAfter: 3,
    fieldErrors: detail,
  });
});

test("the page of a proxy is told as such", async () => {
  const client = await clientOf((_request, response) => {
    response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>");
  });
  const { failure } = await new RunStore(client).start(STREAM);
  expect(failure).toMatchObject({ kind: "http", status: 502, body: "<h1>Bad gateway</h1>" });

  const other = await clientOf((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<h1>Sign in</h1>");
  });
  const misled = await new RunStore(other).start(STREAM);
  expect(misled.failure).toMatchObject({ kind: "format", body: "<h1>Sign in</h1>" });
});

test("a batch keeps what is known of each item", async () => {
  const responses = [
    { run_id: "1", feedback_tokens: [] },
    { run_id: "2", feedback_tokens: [], error: { status_code: 500, message: "No" } },
  ];
  const client = await clientOf((request, response, body) => {
    expect(request.url).toBe("/api/agent/c/abc/batch");
    expect(JSON.parse(body)).toEqual({ inputs: [1, 2], return_exceptions: true });
    const metadata = { responses, run_ids: ["1", "2"] };
    response.end(JSON.stringify({ output: [2, null], metadata }));
  });
  const request = { method: "batch", input: [1, 2], configHash: "abc" } as const;
  const ended = await new RunStore(client).start(request);

  expect(ended).toMatchObject({ state: "done", output: [2, null], items: responses });
});

test("5,000 chunks are published by the frame, and their last events kept", async () => {
  const client = await clientOf((_request, response) => {
    response.writeHead(200, EVENTS);
    for (let count = 0; count < 5_000; count += 1) response.write(frame("data", "x"));
    response.end(frame("end"));
  });
  const store = new RunStore(client);
  let published = 0;
  store.subscribe(() => {
    published += 1;
  });
  let frames = 0;
  let asked = 0;
  const count = () => {
    frames += 1;
    asked = requestAnimationFrame(count);
  };
  count();
  const ended = await store.start(STREAM);
  cancelAnimationFrame(asked);

  expect(ended.output).toBe("x".repeat(5_000));
  expect(ended).toMatchObject({ chunks: 5_000, eventCount: 5_001 });
  expect(ended.events).toHaveLength(KEPT_EVENTS);
  expect(ended.events.at(-1)?.event).toBe("end");
  // One for each frame, and one for each of the three changes of state.
  expect(published).toBeLessThanOrEqual(frames + 3);
  expect(published).toBeLessThan(500);
});

test("a new run takes the place of the one before", async () => {
  const client = await clientOf((_request, response, body) => {
    response.writeHead(200, EVENTS);
    const { input } = JSON.parse(body);
    response.write(frame("data", `${input}`));
    if (input === 2) response.end(frame("end"));
  });
  const store = new RunStore(client);
  const first = store.start(STREAM);
  await reached(store, () => store.getSnapshot().state === "running");
  const second = await store.start({ ...STREAM, input: 2 });

  expect((await first).state).toBe("stopped");
  expect(second).toMatchObject({ state: "done", output: "2" });
  expect(store.getSnapshot()).toEqual(second);
});

/** Wait until a snapshot is published for which something holds. */
async function reached(store: RunStore, holds: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = () => holds() && resolve();
    store.subscribe(look);
    look();
  });
}

test("an agent's events give its steps, its words as they come, and its last state", async () => {
  const client = await clientOf((request, response) => {
    expect(request.url).toBe("/api/agent/stream_events");
    response.writeHead(200, EVENTS).end(agent);
  });
  const store = new RunStore(client);
  const forming = new Set<unknown>();
  store.subscribe(() => forming.add(store.getSnapshot().forming?.content));
  const ended = await store.start({ method: "stream", input: {} });

  expect(ended).toMatchObject({ state: "done", forming: null, usage: { input: 12, output: 8 } });
  expect(ended.steps).toHaveLength(7);
  expect(ended.runId).toBe(ended.steps[0]?.id);
  const { messages } = ended.output as { messages: { type: string; content: string }[] };
  expect(messages.map(({ type }) => type)).toEqual(["human", "ai", "tool", "ai"]);
  expect(messages.at(-1)?.content).toBe("It is **sunny** in Köln.");
});

test("what a model in a graph writes is shown before the graph gives it out", async () => {
  const [before = ""] = agent.split('"chunk":{"content":"look."');
  const told = `${before.slice(0, before.lastIndexOf("event: data"))}`;
  const client = await clientOf((_request, response) => {
    response.writeHead(200, EVENTS).write(told);
  });
  const store = new RunStore(client);
  const ending = store.start({ method: "stream", input: {} });
  await reached(store, () => store.getSnapshot().forming?.content === "Let me ");
  store.stop();

  expect(await ending).toMatchObject({ state: "stopped", forming: { content: "Let me " } });
});

test("a service that hides the steps is asked for the result alone from then on", async () => {
  const asked: (string | undefined)[] = [];
  const client = await clientOf((request, response) => {
    asked.push(request.url);
    const isStream = request.url === "/api/agent/stream";
    response.writeHead(200, EVENTS).end((isStream ? frame("data", "x") : "") + frame("end"));
  });
  const store = new RunStore(client);

  expect(await store.start({ method: "stream", input: 1 })).toMatchObject({ hidden: true });
  expect(await store.start({ method: "stream", input: 1 })).toMatchObject({ output: "x" });
  expect(asked).toEqual(["/api/agent/stream_events", "/api/agent/stream"]);
});
