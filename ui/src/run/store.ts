import {
  type BatchRequest,
  Failure,
  type FeedbackToken,
  failureOf,
  failureOfEvent,
  type InvokeRequest,
  type ItemMetadata,
  isRecord,
  type JsonObject,
  type Operation,
  type RunnableClient,
  type ServerEvent,
  type StepEvent,
} from "../api";
import { type Step, StepTree, totalUsage, type Usage } from "../steps/tree";
import { Chunks } from "./chunks";
import { LastEvents, type RawEvent } from "./events";
import { Frames } from "./frames";
import { isMessageChunk, type Message, mergeMessages } from "./messages";
import { strings } from "./strings";

/** `stream` with steps where the service tells them, else without; `events` only with steps. */
export type RunMethod = "stream" | "events" | "invoke" | "batch";

export type RunState = "idle" | "connecting" | "running" | "done" | "failed" | "stopped";

export interface RunRequest {
  method: RunMethod;
  /** For a batch the list of inputs. */
  input: unknown;
  /** For a batch one for all, or one for each. */
  config?: JsonObject | readonly JsonObject[] | undefined;
  kwargs?: JsonObject | undefined;
  /** In place of the page's own share link; empty for none. */
  configHash?: string | undefined;
  /** What the service publishes; without it all is taken to be there. */
  operations?: readonly Operation[] | undefined;
}

/** All that is known of a run at one moment. Parts that did not change are the same objects. */
export interface RunSnapshot {
  readonly state: RunState;
  /** What was sent, exactly; null before the first run. */
  readonly request: RunRequest | null;
  /** The operation that was called. */
  readonly operation: Operation | null;
  /** What came out so far; undefined before anything did. For a batch the list of outputs. */
  readonly output: unknown;
  /** The message that a model inside a graph is writing, before the graph gives it out. */
  readonly forming: Message | null;
  readonly chunks: number;
  readonly failure: Failure | null;
  readonly runId: string | null;
  readonly requestId: string | null;
  readonly feedbackTokens: readonly FeedbackToken[];
  /** Of a batch: what is known of each item, with its failure. */
  readonly items: readonly ItemMetadata[];
  /** The last events; `eventCount` counts those that are gone too. */
  readonly events: readonly RawEvent[];
  readonly eventCount: number;
  readonly steps: readonly Step[];
  readonly usage: Usage | null;
  /** The service does not show the steps of this runnable, and so `stream_events` told nothing. */
  readonly hidden: boolean;
  /** When it was started, as a date in milliseconds. */
  readonly startedAt: number | null;
  /** Milliseconds from the start to the first piece of output, and to the end. */
  readonly firstAfter: number | null;
  readonly endedAfter: number | null;
  /** The start on the clock of `Step.start`. */
  readonly origin: number;
}

const IDLE: RunSnapshot = {
  state: "idle",
  request: null,
  operation: null,
  output: undefined,
  forming: null,
  chunks: 0,
  failure: null,
  runId: null,
  requestId: null,
  feedbackTokens: [],
  items: [],
  events: [],
  eventCount: 0,
  steps: [],
  usage: null,
  hidden: false,
  startedAt: null,
  firstAfter: null,
  endedAfter: null,
  origin: 0,
};

/** Whether a run is under way. */
export function isActive(state: RunState): boolean {
  return state === "connecting" || state === "running";
}

/**
 * One run after the other, of one runnable, for `useSyncExternalStore`.
 *
 * Subscribers are called at most once a frame, and at once when the state changes.
 */
export class RunStore {
  readonly #client: RunnableClient;
  readonly #subscribers = new Set<() => void>();
  readonly #frames = new Frames(() => this.#publish());
  #snapshot: RunSnapshot = IDLE;
  #current: Execution | null = null;
  /** Learnt from a run, and kept for those after it. */
  #hidesSteps = false;

  constructor(client: RunnableClient) {
    this.#client = client;
  }

  readonly subscribe = (subscriber: () => void): (() => void) => {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  };

  readonly getSnapshot = (): RunSnapshot => this.#snapshot;

  /**
   * Begin a run; one that is under way is stopped. Returns the last snapshot of this run, however
   * it ended: this never rejects.
   */
  async start(request: RunRequest): Promise<RunSnapshot> {
    this.#current?.leave();
    const operation = operationOf(request, this.#hidesSteps);
    const execution: Execution = new Execution(this.#client, request, operation, (isNews) => {
      if (this.#current !== execution) return;
      if (isNews) this.#frames.flush();
      else this.#frames.request();
    });
    this.#current = execution;
    await execution.run();
    if (execution.hidden) this.#hidesSteps = true;
    return execution.snapshot();
  }

  /** Give up the run that is under way, and keep what arrived. */
  stop(): void {
    this.#current?.stop();
  }

  /** Forget the last run. */
  reset(): void {
    this.#current?.leave();
    this.#current = null;
    this.#frames.flush();
  }

  #publish(): void {
    this.#snapshot = this.#current?.snapshot() ?? IDLE;
    for (const subscriber of this.#subscribers) subscriber();
  }
}

function operationOf({ method, operations }: RunRequest, hidesSteps: boolean): Operation {
  if (method === "invoke" || method === "batch") return method;
  if (method === "events") return "stream_events";
  const has = (operation: Operation) => operations?.includes(operation) ?? true;
  if (has("stream_events") && !hidesSteps) return "stream_events";
  return has("stream") || !has("invoke") ? "stream" : "invoke";
}

/** What one run has told so far. Calls `changed` with true when its state is another. */
class Execution {
  readonly #client: RunnableClient;
  readonly #request: RunRequest;
  readonly #operation: Operation;
  readonly #changed: (isNews: boolean) => void;
  readonly #aborting = new AbortController();
  readonly #origin = performance.now();
  readonly #startedAt = Date.now();
  readonly #chunks = new Chunks();
  readonly #tree = new StepTree();
  #state: RunState = "connecting";
  #output: { value: unknown } | null = null;
  #forming: Message | null = null;
  #failure: Failure | null = null;
  #runId: string | null = null;
  #requestId: string | null = null;
  #tokens: readonly FeedbackToken[] = [];
  #items: readonly ItemMetadata[] = [];
  readonly #events = new LastEvents();
  #eventCount = 0;
  #firstAfter: number | null = null;
  #endedAfter: number | null = null;

  constructor(
    client: RunnableClient,
    request: RunRequest,
    operation: Operation,
    changed: (isNews: boolean) => void,
  ) {
    this.#client = client;
    this.#request = request;
    this.#operation = operation;
    this.#changed = changed;
  }

  get hidden(): boolean {
    const isOver = this.#state === "done" || this.#state === "failed";
    return (
      isOver &&
      this.#operation === "stream_events" &&
      this.#tree.root === undefined &&
      !this.#failure
    );
  }

  async run(): Promise<void> {
    this.#changed(true);
    try {
      if (this.#operation === "invoke") await this.#invoke();
      else if (this.#operation === "batch") await this.#batch();
      else await this.#stream(this.#operation === "stream" ? "stream" : "stream_events");
    } catch (thrown) {
      this.#fail(failureOf(thrown, this.#requestId));
    }
  }

  stop(): void {
    if (!isActive(this.#state)) return;
    this.#close("stopped", null);
    this.#aborting.abort();
  }

  /** Let go of the connection without a word. */
  leave(): void {
    this.stop();
    this.#aborting.abort();
  }

  snapshot(): RunSnapshot {
    return {
      state: this.#state,
      request: this.#request,
      operation: this.#operation,
      output: this.#output === null ? this.#chunks.value : this.#output.value,
      forming: this.#forming,
      chunks: this.#chunks.count,
      failure: this.#failure,
      runId: this.#runId,
      requestId: this.#requestId,
      feedbackTokens: this.#tokens,
      items: this.#items,
      events: this.#events.all(),
      eventCount: this.#eventCount,
      steps: this.#tree.steps,
      usage: totalUsage(this.#tree.steps),
      hidden: this.hidden,
      startedAt: this.#startedAt,
      firstAfter: this.#firstAfter,
      endedAfter: this.#endedAfter,
      origin: this.#origin,
    };
  }

  async #invoke(): Promise<void> {
    const { value, requestId } = await this.#client.invoke(this.#body(), this.#options());
    this.#requestId = requestId;
    this.#runId = value.metadata.run_id;
    this.#tokens = value.metadata.feedback_tokens ?? [];
    this.#settle(value.output);
  }

  async #batch(): Promise<void> {
    const { input, config, kwargs } = this.#request;
    const inputs = Array.isArray(input) ? input : [input];
    const body: BatchRequest = { inputs, return_exceptions: true };
    if (config !== undefined) body.config = config;
    if (kwargs !== undefined) body.kwargs = kwargs;
    const { value, requestId } = await this.#client.batch(body, this.#options());
    this.#requestId = requestId;
    this.#items = value.metadata.responses;
    this.#settle(value.output);
  }

  async #stream(operation: "stream" | "stream_events"): Promise<void> {
    const stream = await this.#client.stream(operation, this.#body(), this.#options());
    this.#requestId = stream.requestId;
    if (this.#state === "connecting") this.#state = "running";
    this.#changed(true);
    const breath = new Breath();
    try {
      // Read on after the last event: leaving first would look like a client that went away.
      for await (const events of stream.events) {
        for (const event of events) {
          this.#take(event);
          if (isActive(this.#state)) this.#changed(false);
          await breath.taken();
        }
      }
    } catch (thrown) {
      const failure = failureOf(thrown, this.#requestId);
      this.#fail(failure.kind === "network" ? cut(this.#requestId, failure.detail) : failure);
    }
    this.#fail(cut(this.#requestId, strings.cutDetail));
  }

  #body(): InvokeRequest {
    const { input, config, kwargs } = this.#request;
    const body: InvokeRequest = { input };
    if (isRecord(config)) body.config = config;
    if (kwargs !== undefined) body.kwargs = kwargs;
    return body;
  }

  #options() {
    return { signal: this.#aborting.signal, configHash: this.#request.configHash };
  }

  #take({ event, data }: ServerEvent): void {
    if (!isActive(this.#state)) return;
    this.#keep(event, data);
    if (event === "end") this.#close("done", null);
    else if (event === "error") this.#fail(failureOfEvent(data ?? "", this.#requestId));
    else if (event === "metadata") this.#announced(value(data, this.#requestId));
    else if (event === "data") this.#told(value(data, this.#requestId));
  }

  #keep(event: string, data: string | null): void {
    this.#events.keep({ index: this.#eventCount, at: this.#elapsed(), event, data });
    this.#eventCount += 1;
  }

  #announced(metadata: unknown): void {
    if (!isRecord(metadata)) return;
    if (typeof metadata.run_id === "string") this.#runId = metadata.run_id;
    if (Array.isArray(metadata.feedback_tokens)) {
      this.#tokens = metadata.feedback_tokens as FeedbackToken[];
    }
  }

  #told(item: unknown): void {
    if (this.#operation === "stream") this.#chunk(item);
    else if (isStepEvent(item)) this.#step(item);
  }

  #step(event: StepEvent): void {
    this.#tree.take(event, performance.now());
    const isRoot = event.run_id === this.#tree.root?.id;
    if (isRoot) this.#runId = event.run_id;
    if (isRoot && event.event.endsWith("_stream")) this.#chunk(event.data.chunk);
    else if (isRoot && event.event.endsWith("_end"))
      this.#final(event.data.output ?? this.#chunks.value);
    else if (event.event === "on_chat_model_stream") this.#form(event);
  }

  /** Show what a model inside a graph writes, as the graph itself tells only whole messages. */
  #form({ data: { chunk }, metadata }: StepEvent): void {
    if (!isMessageChunk(chunk) || metadata?.langgraph_node === undefined) return;
    this.#firstAfter ??= this.#elapsed();
    const isSame = this.#forming?.id === chunk.id;
    this.#forming = this.#forming && isSame ? mergeMessages(this.#forming, chunk) : chunk;
  }

  #chunk(chunk: unknown): void {
    this.#firstAfter ??= this.#elapsed();
    this.#forming = null;
    this.#chunks.add(chunk);
  }

  #final(output: unknown): void {
    this.#firstAfter ??= this.#elapsed();
    this.#forming = null;
    this.#output = { value: output };
  }

  #settle(output: unknown): void {
    this.#final(output);
    this.#close("done", null);
  }

  #fail(failure: Failure): void {
    this.#close("failed", failure);
  }

  #close(state: "done" | "failed" | "stopped", failure: Failure | null): void {
    if (!isActive(this.#state)) return;
    this.#state = state;
    this.#failure = failure;
    this.#endedAfter = this.#elapsed();
    this.#tree.close(performance.now(), failure?.kind === "run" ? failure.detail : null);
    this.#changed(true);
  }

  #elapsed(): number {
    return performance.now() - this.#origin;
  }
}

const LONGEST_WORK_MS = 30;

/** Lets the page draw and answer from time to time, when more arrives than can be shown at once. */
class Breath {
  #since = performance.now();

  /** Resolves at once, or after others had their turn. */
  taken(): Promise<void> | undefined {
    if (performance.now() - this.#since < LONGEST_WORK_MS) return undefined;
    return new Promise((resolve) => {
      setTimeout(() => {
        this.#since = performance.now();
        resolve();
      });
    });
  }
}

function value(data: string | null, requestId: string | null): unknown {
  try {
    return JSON.parse(data ?? "");
  } catch {
    throw new Failure({ kind: "format", title: strings.badEvent, requestId, body: data });
  }
}

function cut(requestId: string | null, detail: string): Failure {
  return new Failure({ kind: "cut", title: strings.cut, detail, requestId });
}

function isStepEvent(item: unknown): item is StepEvent {
  return (
    isRecord(item) &&
    typeof item.event === "string" &&
    typeof item.run_id === "string" &&
    typeof item.name === "string" &&
    isRecord(item.data)
  );
}
