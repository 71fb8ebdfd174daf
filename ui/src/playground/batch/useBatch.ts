import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Failure, failureOf, type JsonObject } from "../../api";
import { Frames } from "../../run";
import { withThread } from "../page/configuration";
import { newId } from "../page/newId";
import type { Playground } from "../page/usePlayground";
import { type BatchFormat, type BatchInput, readBatch } from "./inputs";
import { Pool, type Row, retried } from "./pool";

/** What one row came to. */
export interface RowOutput {
  output: unknown;
  runId: string | null;
}

export interface BatchRow extends Row<RowOutput, string> {
  input: unknown;
}

export interface Batch {
  format: BatchFormat;
  /** Why the text as a whole cannot be read. */
  problem: string | null;
  rows: readonly BatchRow[];
  running: boolean;
  /** Whether a batch has come to its end. */
  finished: boolean;
  start: (concurrency: number) => void;
  retry: (concurrency: number) => void;
  stop: () => void;
}

type States = readonly Row<RowOutput, string>[];

/** The batch of a text: its rows, and what becomes of them. */
export function useBatch(playground: Playground, text: string, format?: BatchFormat): Batch {
  const { field } = playground.input.model;
  const read = useMemo(() => readBatch(text, field, format), [text, field, format]);
  const [ran, setRan] = useState<{ inputs: BatchInput[]; states: States } | null>(null);
  const [running, setRunning] = useState(false);
  const pool = useRef<Pool<RowOutput, string> | null>(null);
  useEffect(() => () => pool.current?.stop(), []);

  // Results are those of the text that was run; another text has none.
  const states = ran?.inputs === read.inputs ? ran.states : null;
  const rows = useMemo(
    () =>
      read.inputs.map((each, index): BatchRow => {
        if ("problem" in each)
          return { input: undefined, state: "unreadable", error: each.problem };
        return { input: each.input, ...(states?.[index] ?? { state: "waiting" }) };
      }),
    [read.inputs, states],
  );

  const { client, about, configuration, noticed } = playground;
  const run = useCallback(
    async (from: States, concurrency: number) => {
      const { inputs } = read;
      let latest = from;
      const frames = new Frames(() => setRan({ inputs, states: latest }));
      const { config: sent } = configuration;
      const hasInvoke = about.operations.includes("invoke");
      const runRow = async (index: number, signal: AbortSignal): Promise<RowOutput> => {
        const each = inputs[index];
        const input = each !== undefined && "input" in each ? each.input : null;
        // Rows are no conversation: each has a thread of its own.
        const config = about.threads ? withThread(sent, newId()) : sent;
        return hasInvoke
          ? invoked(client, input, config, signal)
          : batched(client, input, config, signal);
      };
      const current = new Pool<RowOutput, string>({
        rows: from,
        concurrency,
        run: runRow,
        describe: (thrown) => {
          noticed(failureOf(thrown));
          return describe(thrown);
        },
        onChange: (changed) => {
          latest = changed;
          frames.request();
        },
      });
      pool.current = current;
      setRunning(true);
      setRan({ inputs, states: from });
      await current.run();
      frames.flush();
      setRunning(false);
    },
    [read, client, about, configuration, noticed],
  );

  return {
    format: read.format,
    problem: read.problem,
    rows,
    running,
    finished: !running && states !== null,
    start: (concurrency) => {
      const fresh = rows.map(
        ({ state, error }): Row<RowOutput, string> =>
          state === "unreadable"
            ? { state, ...(error === undefined ? {} : { error }) }
            : { state: "waiting" },
      );
      void run(fresh, concurrency);
    },
    retry: (concurrency) => void run(retried(rows), concurrency),
    stop: () => pool.current?.stop(),
  };
}

async function invoked(
  client: Playground["client"],
  input: unknown,
  config: JsonObject,
  signal: AbortSignal,
): Promise<RowOutput> {
  const { value } = await client.invoke({ input, config }, { signal, configHash: "" });
  return { output: value.output, runId: value.metadata.run_id };
}

/** Where only batch is published: a batch of one. */
async function batched(
  client: Playground["client"],
  input: unknown,
  config: JsonObject,
  signal: AbortSignal,
): Promise<RowOutput> {
  const body = { inputs: [input], config, return_exceptions: true };
  const { value } = await client.batch(body, { signal, configHash: "" });
  const [item] = value.metadata.responses;
  if (item?.error) {
    const { status_code: status, message } = item.error;
    throw new Failure({ kind: "run", title: message, status });
  }
  return { output: value.output[0], runId: item?.run_id ?? null };
}

function describe(thrown: unknown): string {
  const { title, detail, fieldErrors } = failureOf(thrown);
  const fields = fieldErrors.map(({ loc, msg }) =>
    loc.length > 0 ? `${loc.join(".")}: ${msg}` : msg,
  );
  if (fields.length > 0) return `${title}: ${fields.join("; ")}`;
  return detail === title ? title : `${title}: ${detail}`;
}
