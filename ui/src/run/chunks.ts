import { isRecord, type JsonObject } from "../api";
import { isMessageChunk, mergeMessages } from "./messages";

/**
 * The chunks of a stream, joined to what they are chunks of.
 *
 * A chunk does not say whether it adds to those before it, as the parts of a parallel do, or takes
 * their place, as the ever longer objects of a JSON parser and the states of a graph do. So both
 * are kept, and the first chunk that does not continue the one before it settles the matter.
 */
export class Chunks {
  count = 0;
  #sum: unknown;
  #last: unknown;
  #growing = true;

  /** What has come so far; undefined before the first chunk. */
  get value(): unknown {
    return this.count > 1 && this.#growing ? this.#last : this.#sum;
  }

  add(chunk: unknown): void {
    this.count += 1;
    if (this.count === 1) {
      this.#sum = chunk;
      this.#growing = isContainer(chunk);
    } else {
      this.#growing &&= isGrown(this.#last, chunk);
      this.#sum = joined(this.#sum, chunk, this.count === 2);
    }
    this.#last = chunk;
  }
}

/** Whether `after` is `before` and more. */
function isGrown(before: unknown, after: unknown): boolean {
  return isContainer(after) && continues(before, after) && !continues(after, before);
}

function continues(before: unknown, after: unknown): boolean {
  if (before === null) return true;
  if (typeof before === "string") return typeof after === "string" && after.startsWith(before);
  // A number that is still being spelt: 1, then 12.
  if (typeof before === "number") return String(after).startsWith(String(before));
  if (Array.isArray(before)) {
    return (
      Array.isArray(after) &&
      after.length >= before.length &&
      before.every((item, at) => continues(item, after[at]))
    );
  }
  if (isRecord(before)) {
    return (
      isRecord(after) &&
      Object.entries(before).every(([key, value]) => key in after && continues(value, after[key]))
    );
  }
  return before === after;
}

function isContainer(value: unknown): boolean {
  return Array.isArray(value) || (isRecord(value) && !isMessageChunk(value));
}

/** Steps of a graph, as `stream` gives them out: from the name of each node to what it changed. */
export class Updates extends Array<JsonObject> {}

function joined(left: unknown, right: unknown, isSecond: boolean): unknown {
  if (typeof left === "string" && typeof right === "string") return left + right;
  if (left instanceof Updates && isUpdate(right)) return Updates.from([...left, right]);
  if (isSecond && isUpdate(left) && isUpdate(right)) return Updates.from([left, right]);
  if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (isMessageChunk(left) && isMessageChunk(right)) return mergeMessages(left, right);
  if (isRecord(left) && isRecord(right) && !("type" in right)) return keywise(left, right);
  return right;
}

function keywise(left: JsonObject, right: JsonObject): JsonObject {
  const merged: JsonObject = { ...left };
  for (const [key, value] of Object.entries(right)) {
    const before = merged[key];
    if (before === null || before === undefined) merged[key] = value;
    else if (value !== null) merged[key] = joined(before, value, false);
  }
  return merged;
}

/** Whether a chunk tells of nodes and what each of them changed. */
function isUpdate(value: unknown): value is JsonObject {
  if (!isRecord(value) || "type" in value) return false;
  const changes = Object.values(value);
  return changes.length > 0 && changes.every((change) => isChange(change));
}

function isChange(value: unknown): boolean {
  return value === null || (isRecord(value) && !("type" in value));
}
