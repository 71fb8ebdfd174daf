import { Failure, failureOf, failureOfResponse, requestIdOf } from "./failure";
import { isRecord } from "./json";
import { strings } from "./strings";

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "DELETE" | undefined;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal | undefined;
}

export interface Answer<T> {
  value: T;
  requestId: string | null;
}

/** Ask for JSON; every failure is a `Failure`. */
export async function requestJson<T>(
  address: URL,
  options: RequestOptions = {},
): Promise<Answer<T>> {
  const response = await send(address, "application/json", options);
  const requestId = requestIdOf(response);
  if (response.status === 204) return { value: undefined as T, requestId };
  const text = await response.text().catch((thrown: unknown) => {
    throw failureOf(thrown, requestId);
  });
  try {
    return { value: JSON.parse(text) as T, requestId };
  } catch {
    throw notExpected(response, strings.notJson, text);
  }
}

/** Ask for a stream of events, and hand out its body. */
export async function requestEvents(
  address: URL,
  options: RequestOptions,
): Promise<{ body: ReadableStream<Uint8Array>; requestId: string | null }> {
  const response = await send(address, "text/event-stream", options);
  const type = response.headers.get("content-type") ?? "";
  if (!type.startsWith("text/event-stream") || response.body === null) {
    const text = await response.text().catch(() => "");
    throw notExpected(response, strings.notEvents, text);
  }
  return { body: response.body, requestId: requestIdOf(response) };
}

async function send(address: URL, accept: string, options: RequestOptions): Promise<Response> {
  const { method = "GET", body, signal } = options;
  const headers: Record<string, string> = { accept };
  if (body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(address, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: signal ?? null,
    });
  } catch (thrown) {
    throw failureOf(thrown);
  }
  if (!response.ok) throw await failureOfResponse(response);
  return response;
}

function notExpected(response: Response, title: string, text: string): Failure {
  return new Failure({
    kind: "format",
    status: response.status,
    title,
    detail: strings.notOurs,
    requestId: requestIdOf(response),
    body: text.slice(0, 20_000),
  });
}

/** The failure that an `error` event tells. */
export function failureOfEvent(data: string, requestId: string | null): Failure {
  let told: unknown;
  try {
    told = JSON.parse(data);
  } catch {
    told = undefined;
  }
  const facts = isRecord(told) ? told : {};
  return new Failure({
    kind: "run",
    title: strings.runFailed,
    status: typeof facts.status_code === "number" ? facts.status_code : 0,
    detail: typeof facts.message === "string" ? facts.message : data,
    requestId,
    body: data,
  });
}
