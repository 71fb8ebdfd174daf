/** The client of the service: addresses, requests, streams of events, and how they fail. */

export { Addresses } from "./addresses";
export {
  Failure,
  type FailureFacts,
  type FailureKind,
  type FieldError,
  failureOf,
} from "./failure";
export { isRecord, type JsonObject } from "./json";
export { type Answer, failureOfEvent, requestJson } from "./request";
export {
  type CallOptions,
  type OpenStream,
  RunnableClient,
  type SchemaOperation,
  SessionClient,
  type StreamOperation,
} from "./runnable";
export { EventParser, readEvents, type ServerEvent } from "./sse";
export type * from "./types";
