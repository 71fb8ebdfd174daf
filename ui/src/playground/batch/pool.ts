export type RowState = "waiting" | "running" | "done" | "failed" | "stopped" | "unreadable";

/** What became of one row; `output` and `error` are what they say only in the fitting state. */
export interface Row<Output, Problem> {
  state: RowState;
  output?: Output;
  error?: Problem;
  /** How long the row ran, in milliseconds. */
  took?: number;
}

export interface PoolOptions<Output, Problem> {
  /** The rows that have to run; others keep their state. */
  rows: readonly Row<Output, Problem>[];
  concurrency: number;
  /** Run one row; it must stop at the signal. */
  run: (index: number, signal: AbortSignal) => Promise<Output>;
  describe: (thrown: unknown) => Problem;
  onChange: (rows: readonly Row<Output, Problem>[]) => void;
  now?: () => number;
}

/**
 * Runs the waiting rows of a batch, a few at a time, each on its own: so each shows its state as
 * soon as it has one, and a failure is that of its row alone.
 */
export class Pool<Output, Problem> {
  readonly #options: PoolOptions<Output, Problem>;
  readonly #stop = new AbortController();
  #rows: Row<Output, Problem>[];

  constructor(options: PoolOptions<Output, Problem>) {
    this.#options = options;
    this.#rows = [...options.rows];
  }

  /** Run what waits; resolves when nothing runs any more. */
  async run(): Promise<readonly Row<Output, Problem>[]> {
    const waiting = this.#rows.flatMap((row, index) => (row.state === "waiting" ? [index] : []));
    const worker = async () => {
      for (;;) {
        if (this.#stop.signal.aborted) return;
        const index = waiting.shift();
        if (index === undefined) return;
        await this.#runRow(index);
      }
    };
    const workers = Math.max(1, Math.min(this.#options.concurrency, waiting.length));
    await Promise.all(Array.from({ length: workers }, worker));
    return this.#rows;
  }

  /** End the rows that run, and leave those that wait. */
  stop(): void {
    this.#stop.abort();
    for (const [index, row] of this.#rows.entries()) {
      if (row.state === "waiting") this.#set(index, { state: "stopped" });
    }
  }

  async #runRow(index: number): Promise<void> {
    const now = this.#options.now ?? (() => performance.now());
    const started = now();
    this.#set(index, { state: "running" });
    try {
      const output = await this.#options.run(index, this.#stop.signal);
      this.#set(index, { state: "done", output, took: now() - started });
    } catch (thrown) {
      const took = now() - started;
      const error = this.#options.describe(thrown);
      const stopped = this.#stop.signal.aborted;
      this.#set(index, stopped ? { state: "stopped", took } : { state: "failed", error, took });
    }
  }

  #set(index: number, row: Row<Output, Problem>): void {
    this.#rows = this.#rows.with(index, row);
    this.#options.onChange(this.#rows);
  }
}

/** The rows with those that failed or were stopped waiting again. */
export function retried<Output, Problem>(
  rows: readonly Row<Output, Problem>[],
): Row<Output, Problem>[] {
  return rows.map((row) =>
    row.state === "failed" || row.state === "stopped" ? { state: "waiting" } : row,
  );
}

/** How many rows are in each state. */
export function tally(rows: readonly { state: RowState }[]): Record<RowState, number> {
  const counts = { waiting: 0, running: 0, done: 0, failed: 0, stopped: 0, unreadable: 0 };
  for (const row of rows) counts[row.state]++;
  return counts;
}
