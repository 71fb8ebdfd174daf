/// <reference types="node" />

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";
import { Addresses } from "./addresses";
import { RunnableClient } from "./runnable";
import { EventParser } from "./sse";

export type Answering = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A client of a real server on the loopback that answers as the test says, until its end. */
export async function clientOf(answer: Answering): Promise<RunnableClient> {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request.setEncoding("utf-8")) body += piece;
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const base = `http://127.0.0.1:${address.port}/api/agent/playground/`;
  return new RunnableClient(new Addresses(base));
}

export const EVENTS = { "content-type": "text/event-stream", "x-request-id": "r-1" };

/** One event as the service writes it. */
export function frame(event: string, data?: unknown): string {
  const lines = data === undefined ? "" : `data: ${JSON.stringify(data)}\r\n`;
  return `event: ${event}\r\n${lines}\r\n`;
}

/** The values of the `data` events of a recorded stream. */
export function dataOf(recording: string): unknown[] {
  const parser = new EventParser();
  const events = [...parser.push(new TextEncoder().encode(recording)), ...parser.end()];
  return events
    .filter((event) => event.event === "data")
    .map((event): unknown => JSON.parse(event.data ?? ""));
}
