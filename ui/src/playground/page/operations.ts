import type { About, Operation } from "../../api";

/** What a run may call: a stream of steps only where steps, and the output with them, are told. */
export function operationsOf(about: About): readonly Operation[] {
  if (about.steps) return about.operations;
  return about.operations.filter((operation) => operation !== "stream_events");
}
