import { useSyncExternalStore } from "react";
import type { RunSnapshot, RunState, RunStore } from "../../run";

/** The run as it goes on: for what shows the output, and is drawn anew with every piece of it. */
export function useRun(store: RunStore): RunSnapshot {
  return useSyncExternalStore(store.subscribe, store.getSnapshot);
}

/** How the run stands; unlike the run it changes a few times only. */
export function useRunState(store: RunStore): RunState {
  return useSyncExternalStore(store.subscribe, () => store.getSnapshot().state);
}
