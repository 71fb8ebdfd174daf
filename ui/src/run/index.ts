/** A run of a runnable: started, followed while it streams, stopped. */

export { Chunks, Updates } from "./chunks";
export { KEPT_EVENTS, type RawEvent } from "./events";
export { Frames } from "./frames";
export { isMessage, isMessageChunk, type Message, mergeMessages } from "./messages";
export {
  isActive,
  type RunMethod,
  type RunRequest,
  type RunSnapshot,
  type RunState,
  RunStore,
} from "./store";
