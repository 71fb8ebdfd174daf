import type { JsonObject } from "../../api";
import type { RunSnapshot } from "../../run";
import type { Outcome, RunRecord } from "../history/record";
import { newId } from "./newId";

const OUTCOMES: Partial<Record<RunSnapshot["state"], Outcome>> = {
  done: "finished",
  failed: "failed",
  stopped: "stopped",
};

/** A run that has ended, as the history keeps it. */
export function recordOf(
  run: RunSnapshot,
  sent: { input: unknown; config: JsonObject },
): RunRecord {
  return {
    id: newId(),
    runnable: "",
    startedAt: run.startedAt ?? Date.now(),
    method: run.request?.method ?? "",
    outcome: OUTCOMES[run.state] ?? "stopped",
    input: sent.input,
    config: sent.config,
    output: run.output === undefined ? null : run.output,
    error: run.failure === null ? null : `${run.failure.title}: ${run.failure.detail}`,
    runId: run.runId,
    durationMs: run.endedAfter,
    firstTokenMs: run.firstAfter,
    tokensIn: run.usage?.input ?? null,
    tokensOut: run.usage?.output ?? null,
    cut: [],
  };
}
