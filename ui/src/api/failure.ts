import { isRecord } from "./json";
import { strings } from "./strings";

/**
 * What can go wrong with a request:
 * `http` the service answered with an error; `run` the run failed after its stream had begun;
 * `cut` the stream ended before it was over; `network` no answer; `aborted` this page gave up;
 * `format` an answer that is not what was asked for, such as the page of a proxy.
 */
export type FailureKind = "http" | "run" | "cut" | "network" | "aborted" | "format";

/** One complaint about a part of the input, as pydantic words it. */
export interface FieldError {
  loc: readonly (string | number)[];
  msg: string;
  type: string;
}

export interface FailureFacts {
  kind: FailureKind;
  /** The HTTP status, or the one that an `error` event tells; 0 where there is none. */
  status: number;
  /** A short line that says what happened. */
  title: string;
  /** The sentence of the service, or else what the browser says. Shown as text. */
  detail: string;
  /** Finds the lines about it in the service's log. */
  requestId: string | null;
  /** Seconds to wait before trying again. */
  retryAfter: number | null;
  fieldErrors: readonly FieldError[];
  /** The answer as it came, cut at a length that a page can show. */
  body: string | null;
}

/** The one way in which anything of this folder fails. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly facts: FailureFacts;

  constructor(facts: Partial<FailureFacts> & Pick<FailureFacts, "kind" | "title">) {
    super(facts.detail ?? facts.title);
    this.facts = {
      status: 0,
      detail: facts.title,
      requestId: null,
      retryAfter: null,
      fieldErrors: [],
      body: null,
      ...facts,
    };
  }

  get kind(): FailureKind {
    return this.facts.kind;
  }

  get status(): number {
    return this.facts.status;
  }

  get title(): string {
    return this.facts.title;
  }

  get detail(): string {
    return this.facts.detail;
  }

  get requestId(): string | null {
    return this.facts.requestId;
  }

  get retryAfter(): number | null {
    return this.facts.retryAfter;
  }

  get fieldErrors(): readonly FieldError[] {
    return this.facts.fieldErrors;
  }

  get body(): string | null {
    return this.facts.body;
  }
}

/** Describe what `fetch`, or the reading of a body, threw. */
export function failureOf(thrown: unknown, requestId: string | null = null): Failure {
  if (thrown instanceof Failure) return thrown;
  if (isAbort(thrown)) return new Failure({ kind: "aborted", title: strings.aborted, requestId });
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return new Failure({ kind: "network", title: strings.network, detail, requestId });
}

/** Describe an answer that is not a success. */
export async function failureOfResponse(response: Response): Promise<Failure> {
  const text = await response.text().catch(() => "");
  const answer = parsed(text);
  const facts = {
    status: response.status,
    requestId: requestIdOf(response),
    retryAfter: retryAfterOf(response),
    body: text === "" ? null : text.slice(0, LONGEST_BODY),
  };
  const title = strings.status(response.status);
  if (answer === undefined) {
    const detail = text.trim() === "" ? title : strings.notOurs;
    return new Failure({ kind: "http", title, detail, ...facts });
  }
  const fieldErrors = fieldErrorsOf(answer);
  return new Failure({
    kind: "http",
    title,
    detail: sentence(answer, title),
    fieldErrors,
    ...facts,
  });
}

/** The id under which the service's log speaks of a request. */
export function requestIdOf(response: Response): string | null {
  return response.headers.get("x-request-id");
}

const LONGEST_BODY = 20_000;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sentence(answer: unknown, otherwise: string): string {
  if (!isRecord(answer)) return otherwise;
  const { message, detail } = answer;
  if (typeof message === "string") return message;
  if (typeof detail === "string") return detail;
  return detail === undefined ? otherwise : JSON.stringify(detail);
}

function fieldErrorsOf(answer: unknown): FieldError[] {
  if (!isRecord(answer) || !Array.isArray(answer.detail)) return [];
  return answer.detail.filter(isFieldError);
}

function isFieldError(value: unknown): value is FieldError {
  return isRecord(value) && Array.isArray(value.loc) && typeof value.msg === "string";
}

function retryAfterOf(response: Response): number | null {
  const value = response.headers.get("retry-after");
  if (value === null) return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const until = Date.parse(value);
  return Number.isNaN(until) ? null : Math.max(0, Math.ceil((until - Date.now()) / 1000));
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "AbortError";
}
