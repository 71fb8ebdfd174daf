/** How a run ended. */
export type Outcome = "finished" | "failed" | "stopped";

/** A run as it is kept in the browser. */
export interface RunRecord {
  id: string;
  /** The address of the runnable, so that runnables of one origin stay apart. */
  runnable: string;
  startedAt: number;
  method: string;
  outcome: Outcome;
  input: unknown;
  config: Record<string, unknown>;
  output: unknown;
  /** What was said when it failed. */
  error: string | null;
  runId: string | null;
  durationMs: number | null;
  firstTokenMs: number | null;
  tokensIn: number | null;
  tokensOut: number | null;
  /** The parts that were too large to be kept. */
  cut: ("input" | "output")[];
}

/** How many runs of a runnable are kept. */
export const MOST_RUNS = 50;
/** The largest input or output that is kept, in characters of JSON. */
export const LARGEST_PART = 200_000;

/** The record with parts that are too large left out, and said to be. */
export function bounded(record: RunRecord): RunRecord {
  const cut: RunRecord["cut"] = [];
  const kept = { ...record };
  for (const part of ["input", "output"] as const) {
    if (sizeOf(record[part]) > LARGEST_PART) {
      cut.push(part);
      kept[part] = null;
    }
  }
  return { ...kept, error: record.error?.slice(0, LARGEST_PART) ?? null, cut };
}

/** The ids of the runs that are too many, the oldest. */
export function surplus(records: readonly Pick<RunRecord, "id" | "startedAt">[]): string[] {
  return [...records]
    .sort((one, other) => other.startedAt - one.startedAt)
    .slice(MOST_RUNS)
    .map((record) => record.id);
}

function sizeOf(value: unknown): number {
  return value === undefined ? 0 : JSON.stringify(value).length;
}
