/**
 * What the service sends and takes.
 *
 * Written by hand. Generators read our OpenAPI document and give a model for each runnable of one
 * application, under names that hold its path, while this client serves every runnable there is;
 * and the one that would fit needs a second TypeScript beside the one that checks these pages.
 * In place of that, `types.test.ts` compares these types with what a real application says of
 * itself in `recordings/models.jsonl`, and a test of the service keeps that file true.
 */

import type { JsonObject } from "./json";

/** The last parts of the paths that a runnable can have. */
export type Operation =
  | "invoke"
  | "batch"
  | "stream"
  | "stream_log"
  | "stream_events"
  | "input_schema"
  | "output_schema"
  | "config_schema";

/** A JSON schema, as it came. */
export type JsonSchema = JsonObject | boolean;

export interface FeedbackToken {
  key: string;
  token_url: string;
  expires_at: string;
}

export interface RunMetadata {
  run_id: string;
  feedback_tokens: FeedbackToken[];
}

export interface ItemError {
  status_code: number;
  message: string;
}

export interface ItemMetadata extends RunMetadata {
  error?: ItemError | null;
}

export interface InvokeRequest {
  input: unknown;
  config?: JsonObject | null;
  kwargs?: JsonObject;
}

export interface InvokeResponse {
  output: unknown;
  metadata: RunMetadata;
}

export interface BatchRequest {
  inputs: readonly unknown[];
  config?: JsonObject | readonly JsonObject[] | null;
  kwargs?: JsonObject;
  /** An item that fails leaves the others alone. */
  return_exceptions?: boolean;
}

export interface BatchResponse {
  output: unknown[];
  metadata: { responses: ItemMetadata[]; run_ids: string[] };
}

/** Chooses the steps that `stream_log` and `stream_events` show. */
export interface StepFilters {
  include_names?: readonly string[] | null;
  include_types?: readonly string[] | null;
  include_tags?: readonly string[] | null;
  exclude_names?: readonly string[] | null;
  exclude_types?: readonly string[] | null;
  exclude_tags?: readonly string[] | null;
}

export interface StreamEventsRequest extends InvokeRequest, StepFilters {}

/** One event of `stream_events`, version 2. */
export interface StepEvent {
  event: string;
  run_id: string;
  name: string;
  tags?: string[];
  metadata?: JsonObject;
  parent_ids?: string[];
  data: { input?: unknown; output?: unknown; chunk?: unknown; error?: unknown };
}

/** One operation of a JSON patch, as `stream_log` sends them. */
export interface PatchOperation {
  op: string;
  path: string;
  value?: unknown;
}

/** What a page knows about its runnable. */
export interface About {
  name: string;
  description: string | null;
  path: string;
  playground_type: "default" | "chat";
  operations: Operation[];
  config_keys: string[];
  configurable: boolean;
  config_hashes: boolean;
  config_hash: string;
  config: JsonObject;
  threads: boolean;
  /** Whether `stream_events` tells of a run of this runnable, its output included. */
  steps: boolean;
  feedback: { local: boolean; langsmith: boolean; key: string };
  trace_links: boolean;
  sign_in: boolean;
  version: string;
}

export interface FeedbackRequest {
  run_id: string;
  key: string;
  score?: number | null;
  value?: unknown;
  comment?: string | null;
}

export interface Feedback {
  run_id: string;
  key: string;
  score: number | null;
  value: unknown;
  comment: string | null;
  id: string;
  created_at: string;
  modified_at: string;
  correction: unknown;
}

/** Who is asking. */
export interface Session {
  required: boolean;
  authenticated: boolean;
  identity: string | null;
  display_name: string | null;
  method: "api_key" | "jwt" | "custom" | null;
  by_cookie: boolean;
  expires_at: string | null;
}
