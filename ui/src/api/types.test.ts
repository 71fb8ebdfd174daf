import { expect, test } from "vitest";
import recorded from "../../recordings/models.jsonl?raw";
import type {
  BatchRequest,
  BatchResponse,
  Feedback,
  FeedbackRequest,
  FeedbackToken,
  InvokeRequest,
  InvokeResponse,
  ItemError,
  ItemMetadata,
  RunMetadata,
  StreamEventsRequest,
} from "./types";

/** The names of all fields of a type; the compiler complains about one that is missing. */
function fields<T>(names: Record<keyof T, true>): string[] {
  return Object.keys(names).sort();
}

const TYPES = {
  rInvokeRequest: fields<InvokeRequest>({ input: true, config: true, kwargs: true }),
  rInvokeResponse: fields<InvokeResponse>({ output: true, metadata: true }),
  InvokeResponseMetadata: fields<RunMetadata>({ run_id: true, feedback_tokens: true }),
  FeedbackToken: fields<FeedbackToken>({ key: true, token_url: true, expires_at: true }),
  rBatchRequest: fields<BatchRequest>({
    inputs: true,
    config: true,
    kwargs: true,
    return_exceptions: true,
  }),
  rBatchResponse: fields<BatchResponse>({ output: true, metadata: true }),
  BatchResponseMetadata: fields<BatchResponse["metadata"]>({ responses: true, run_ids: true }),
  ItemMetadata: fields<ItemMetadata>({ run_id: true, feedback_tokens: true, error: true }),
  ItemError: fields<ItemError>({ status_code: true, message: true }),
  rStreamRequest: fields<InvokeRequest>({ input: true, config: true, kwargs: true }),
  rStreamEventsRequest: fields<StreamEventsRequest>({
    input: true,
    config: true,
    kwargs: true,
    include_names: true,
    include_types: true,
    include_tags: true,
    exclude_names: true,
    exclude_types: true,
    exclude_tags: true,
  }),
  FeedbackCreateRequest: fields<FeedbackRequest>({
    run_id: true,
    key: true,
    score: true,
    value: true,
    comment: true,
  }),
  Feedback: fields<Feedback>({
    run_id: true,
    key: true,
    score: true,
    value: true,
    comment: true,
    id: true,
    created_at: true,
    modified_at: true,
    correction: true,
  }),
};

const told = recorded
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as { name: string; fields: string[] });

test.each(Object.entries(TYPES))("%s has the fields that the service tells", (name, names) => {
  expect(told.find((model) => model.name === name)?.fields).toEqual(names);
});
