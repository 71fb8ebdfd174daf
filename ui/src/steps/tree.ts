import { isRecord, type JsonObject, type StepEvent } from "../api";
import { addUsage, isMessageChunk, mergeMessages } from "../run/messages";

export type StepKind = "chain" | "model" | "tool" | "retriever" | "prompt" | "parser";

/**
 * How a step stands. `unfinished` is one that never said how it ended although what contains it
 * did: it failed and something else took over, or it was given up.
 */
export type StepState = "running" | "done" | "failed" | "unfinished";

/** One step of a run. It is replaced, never changed, so that two of them can be compared. */
export interface Step {
  readonly id: string;
  readonly parent: string | null;
  readonly depth: number;
  readonly name: string;
  readonly kind: StepKind;
  readonly state: StepState;
  /** When it began and ended, in milliseconds of the page's clock. */
  readonly start: number;
  readonly end: number | null;
  readonly input: unknown;
  readonly output: unknown;
  readonly error: string | null;
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
}

const KINDS: Record<string, StepKind> = {
  chain: "chain",
  chat_model: "model",
  llm: "model",
  tool: "tool",
  retriever: "retriever",
  prompt: "prompt",
  parser: "parser",
};

/** Puts the events of a run together to its steps, each below the one that called it. */
export class StepTree {
  readonly #steps = new Map<string, Step>();
  readonly #children = new Map<string | null, string[]>();
  #ordered: readonly Step[] | null = null;

  /** All steps, each followed by those below it. The same array as long as nothing has changed. */
  get steps(): readonly Step[] {
    if (this.#ordered === null) {
      const ordered: Step[] = [];
      this.#collect(null, ordered);
      this.#ordered = ordered;
    }
    return this.#ordered;
  }

  /** The first step, which is the run itself. */
  get root(): Step | undefined {
    const [id] = this.#children.get(null) ?? [];
    return id === undefined ? undefined : this.#steps.get(id);
  }

  take(event: StepEvent, at: number): void {
    const [, kindName, moment] = /^on_(.+)_(start|stream|end|error)$/.exec(event.event) ?? [];
    const kind = KINDS[kindName ?? ""];
    if (kind === undefined) return; // An event of the runnable's own.
    if (moment === "start" || !this.#steps.has(event.run_id)) this.#begin(event, kind, at);
    if (moment === "stream") this.#streamed(event);
    if (moment === "end") this.#ended(event, at);
    if (moment === "error") this.#failed(event, at);
  }

  /** Close what is open: the run is over, because of `error` if one is given. */
  close(at: number, error: string | null): void {
    const open = [...this.#steps.values()].filter((step) => step.state === "running");
    const leaves = open.filter((step) => !open.some((other) => other.parent === step.id));
    // Of several steps at the same time one failed, and nothing says which; those around all did.
    const culprits = new Set(leaves.length === 1 ? leaves : []);
    for (const step of open) {
      const isAround = leaves.every((leaf) => leaf !== step && this.#isWithin(leaf, step));
      const hasFailed = error !== null && (culprits.has(step) || isAround);
      this.#put({
        ...step,
        end: at,
        state: hasFailed ? "failed" : "unfinished",
        error: hasFailed ? error : null,
      });
    }
  }

  #begin(event: StepEvent, kind: StepKind, at: number): void {
    const named = event.parent_ids?.at(-1) ?? null;
    const parent = this.#knownParent(event, named);
    const siblings = this.#children.get(parent) ?? [];
    siblings.push(event.run_id);
    this.#children.set(parent, siblings);
    this.#put({
      id: event.run_id,
      parent,
      depth: parent === null ? 0 : (this.#steps.get(parent)?.depth ?? 0) + 1,
      name: event.name,
      kind,
      state: "running",
      start: at,
      end: null,
      input: event.data.input,
      output: undefined,
      error: null,
      tokensIn: null,
      tokensOut: null,
      tags: event.tags ?? [],
      metadata: event.metadata ?? {},
    });
  }

  /** The nearest step around that is shown; filters may hide those between. */
  #knownParent(event: StepEvent, named: string | null): string | null {
    if (named === null || this.#steps.has(named)) return named;
    return event.parent_ids?.findLast((id) => this.#steps.has(id)) ?? null;
  }

  /** Only of models: what other steps stream, they also end with. */
  #streamed(event: StepEvent): void {
    const step = this.#steps.get(event.run_id);
    if (step?.kind !== "model") return;
    this.#put({ ...step, output: continued(step.output, event.data.chunk) });
  }

  #ended(event: StepEvent, at: number): void {
    const step = this.#steps.get(event.run_id);
    if (step === undefined) return;
    const output = event.data.output ?? step.output;
    const usage = step.kind === "model" ? usageOf(output) : null;
    this.#put({
      ...step,
      state: "done",
      end: at,
      input: step.input ?? event.data.input,
      output,
      tokensIn: usage?.input ?? null,
      tokensOut: usage?.output ?? null,
    });
    this.#abandon(step.id, at);
  }

  #failed(event: StepEvent, at: number): void {
    const step = this.#steps.get(event.run_id);
    if (step === undefined) return;
    const { error } = event.data;
    const message = typeof error === "string" ? error : JSON.stringify(error ?? null);
    this.#put({ ...step, state: "failed", end: at, error: message });
    this.#abandon(step.id, at);
  }

  /** What is open below a step that is over will not end any more. */
  #abandon(id: string, at: number): void {
    for (const child of this.#children.get(id) ?? []) {
      const step = this.#steps.get(child);
      if (step?.state !== "running") continue;
      this.#put({ ...step, state: "unfinished", end: at });
      this.#abandon(child, at);
    }
  }

  #isWithin(step: Step, around: Step): boolean {
    let { parent } = step;
    while (parent !== null && parent !== around.id)
      parent = this.#steps.get(parent)?.parent ?? null;
    return parent !== null;
  }

  #put(step: Step): void {
    this.#steps.set(step.id, step);
    this.#ordered = null;
  }

  #collect(parent: string | null, into: Step[]): void {
    for (const id of this.#children.get(parent) ?? []) {
      const step = this.#steps.get(id);
      if (step !== undefined) into.push(step);
      this.#collect(id, into);
    }
  }
}

function continued(before: unknown, chunk: unknown): unknown {
  if (before === undefined) return chunk;
  if (isMessageChunk(before) && isMessageChunk(chunk)) return mergeMessages(before, chunk);
  if (typeof before === "string" && typeof chunk === "string") return before + chunk;
  return chunk;
}

export interface Usage {
  input: number;
  output: number;
}

/** The tokens that the output of a model tells of. */
export function usageOf(output: unknown): Usage | null {
  if (!isRecord(output)) return null;
  if (isRecord(output.usage_metadata)) return counted(output.usage_metadata);
  if (!Array.isArray(output.generations)) return null;
  let sum: JsonObject | null = null;
  for (const generation of output.generations.flat()) {
    const message: unknown = isRecord(generation) ? generation.message : null;
    if (isRecord(message)) sum = addUsage(sum, message.usage_metadata);
  }
  return sum === null ? null : counted(sum);
}

function counted(usage: JsonObject): Usage {
  const { input_tokens: input, output_tokens: output } = usage;
  return {
    input: typeof input === "number" ? input : 0,
    output: typeof output === "number" ? output : 0,
  };
}

/** The tokens of all models of a run; null where none told. */
export function totalUsage(steps: readonly Step[]): Usage | null {
  const telling = steps.filter((step) => step.tokensIn !== null || step.tokensOut !== null);
  if (telling.length === 0) return null;
  return {
    input: telling.reduce((sum, step) => sum + (step.tokensIn ?? 0), 0),
    output: telling.reduce((sum, step) => sum + (step.tokensOut ?? 0), 0),
  };
}

/** The innermost step that failed, where one below the run itself is known to have. */
export function failedStep(steps: readonly Step[]): Step | null {
  const failed = steps.filter(({ state, parent }) => state === "failed" && parent !== null);
  return failed.reduce<Step | null>(
    (inner, step) => (inner === null || step.depth > inner.depth ? step : inner),
    null,
  );
}
