import { Addresses } from "./addresses";
import { type Answer, requestEvents, requestJson } from "./request";
import { readEvents, type ServerEvent } from "./sse";
import type {
  About,
  BatchRequest,
  BatchResponse,
  Feedback,
  FeedbackRequest,
  InvokeRequest,
  InvokeResponse,
  JsonSchema,
  Operation,
  Session,
  StreamEventsRequest,
} from "./types";

export type StreamOperation = "stream" | "stream_log" | "stream_events";
export type SchemaOperation = "input_schema" | "output_schema" | "config_schema";

/** A stream that has been opened. */
export interface OpenStream {
  requestId: string | null;
  /** Events in the groups in which they arrive. */
  events: AsyncGenerator<ServerEvent[], void, void>;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** In place of the page's own share link; empty for none. */
  configHash?: string | undefined;
}

/** One runnable of the service. Every failure is a `Failure`. */
export class RunnableClient {
  readonly addresses: Addresses;

  constructor(addresses: Addresses = Addresses.ofDocument()) {
    this.addresses = addresses;
  }

  /** The address of an operation, as code that calls it must name it. */
  address(operation: Operation, configHash?: string): URL {
    return this.addresses.configured(operation, configHash);
  }

  async about(signal?: AbortSignal): Promise<About> {
    return this.#get<About>(this.addresses.configured("playground/about.json"), signal);
  }

  async schema(operation: SchemaOperation, options: CallOptions = {}): Promise<JsonSchema> {
    return this.#get<JsonSchema>(this.address(operation, options.configHash), options.signal);
  }

  invoke(body: InvokeRequest, options: CallOptions = {}): Promise<Answer<InvokeResponse>> {
    return requestJson(this.address("invoke", options.configHash), posted(body, options.signal));
  }

  batch(body: BatchRequest, options: CallOptions = {}): Promise<Answer<BatchResponse>> {
    return requestJson(this.address("batch", options.configHash), posted(body, options.signal));
  }

  async stream(
    operation: StreamOperation,
    body: StreamEventsRequest,
    options: CallOptions = {},
  ): Promise<OpenStream> {
    const address = this.address(operation, options.configHash);
    const opened = await requestEvents(address, posted(body, options.signal));
    return { requestId: opened.requestId, events: readEvents(opened.body, options.signal) };
  }

  async giveFeedback(body: FeedbackRequest, signal?: AbortSignal): Promise<Feedback> {
    const address = this.addresses.page("feedback.json");
    return (await requestJson<Feedback>(address, posted(body, signal))).value;
  }

  /** The caller's own opinions on a run. */
  async feedbackOn(runId: string, signal?: AbortSignal): Promise<Feedback[]> {
    const address = this.addresses.page("feedback.json");
    address.searchParams.set("run_id", runId);
    return (await this.#get<{ feedback: Feedback[] }>(address, signal)).feedback;
  }

  /** Share the trace of a run; returns its public address. */
  async shareTrace(runId: string, signal?: AbortSignal): Promise<string> {
    const address = this.addresses.runnable("public_trace_link");
    const options = { method: "PUT", body: { run_id: runId }, signal } as const;
    return (await requestJson<{ public_url: string }>(address, options)).value.public_url;
  }

  async #get<T>(address: URL, signal: AbortSignal | undefined): Promise<T> {
    return (await requestJson<T>(address, { signal })).value;
  }
}

/** The session of whoever looks at the page, at the address that the page was told. */
export class SessionClient {
  readonly #address: URL;

  constructor(address: URL) {
    this.#address = address;
  }

  async read(signal?: AbortSignal): Promise<Session> {
    return (await requestJson<Session>(this.#address, { signal })).value;
  }

  /** Exchange an API key or a token for a cookie that this page cannot read. */
  async signIn(credential: string, signal?: AbortSignal): Promise<void> {
    await requestJson(this.#address, posted({ credential }, signal));
  }

  async signOut(signal?: AbortSignal): Promise<void> {
    await requestJson(this.#address, { method: "DELETE", signal });
  }
}

function posted(body: unknown, signal: AbortSignal | undefined) {
  return { method: "POST", body, signal } as const;
}
