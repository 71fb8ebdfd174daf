import { writeCsv } from "./csv";
import type { RowState } from "./pool";

/** A row of a batch, as it is written into a file. */
export interface Result {
  state: RowState;
  input: unknown;
  output?: unknown;
  error?: string | undefined;
  runId?: string | undefined;
  took?: number | undefined;
}

/** One JSON object a line, nothing left out. */
export function asJsonLines(results: readonly Result[]): string {
  return results
    .map(
      ({ state, input, output, error, runId, took }) =>
        `${JSON.stringify({ state, input, output, error, run_id: runId, ms: rounded(took) })}\n`,
    )
    .join("");
}

/** A table with a column for each field of the inputs and outputs; what is nested is JSON. */
export function asCsv(results: readonly Result[]): string {
  const inputs = columns(results.map((result) => result.input));
  const outputs = columns(results.map((result) => result.output));
  const head = [
    "row",
    "state",
    ...inputs.map((name) => heading("input", name)),
    ...outputs.map((name) => heading("output", name)),
    "error",
    "run_id",
    "ms",
  ];
  const rows = results.map((result, number) => [
    String(number + 1),
    result.state,
    ...inputs.map((name) => text(part(result.input, name))),
    ...outputs.map((name) => text(part(result.output, name))),
    result.error ?? "",
    result.runId ?? "",
    text(rounded(result.took)),
  ]);
  return writeCsv([head, ...rows]);
}

/** The keys of the objects among the values, and null if some values are no objects. */
function columns(values: readonly unknown[]): (string | null)[] {
  const present = values.filter((value) => value !== undefined);
  const keys = new Set(present.flatMap((value) => (isObject(value) ? Object.keys(value) : [])));
  const whole = present.some((value) => !isObject(value));
  return whole ? [null, ...keys] : [...keys];
}

function heading(part: string, name: string | null): string {
  return name === null ? part : `${part}.${name}`;
}

function part(value: unknown, name: string | null): unknown {
  if (name === null) return isObject(value) ? undefined : value;
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function text(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function rounded(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.round(milliseconds);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
