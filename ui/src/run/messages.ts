import { isRecord, type JsonObject } from "../api";

/** The fields of a message that these pages look at; everything else stays as it came. */
export interface Message extends JsonObject {
  type: string;
  content: unknown;
}

const CHUNK = "MessageChunk";

/** Tells a message of LangChain, whole or a chunk, from any other object. */
export function isMessage(value: unknown): value is Message {
  return (
    isRecord(value) &&
    typeof value.type === "string" &&
    "content" in value &&
    (ROLES.has(value.type) || value.type.endsWith(CHUNK))
  );
}

export function isMessageChunk(value: unknown): value is Message {
  return isMessage(value) && value.type.endsWith(CHUNK);
}

const ROLES = new Set(["human", "ai", "system", "tool", "function", "chat", "developer", "remove"]);

/** Join two chunks of one message, as LangChain joins them. */
export function mergeMessages(left: Message, right: Message): Message {
  const merged: Message = {
    ...left,
    content: mergeContent(left.content, right.content),
    additional_kwargs: mergeFields(record(left.additional_kwargs), record(right.additional_kwargs)),
    response_metadata: mergeFields(record(left.response_metadata), record(right.response_metadata)),
  };
  if (isMessageChunk(left) && "tool_call_chunks" in left) {
    const chunks = mergeLists(list(left.tool_call_chunks), list(right.tool_call_chunks));
    merged.id = betterId(left.id, right.id);
    merged.tool_call_chunks = chunks;
    Object.assign(merged, callsOf(chunks));
    merged.usage_metadata = addUsage(left.usage_metadata, right.usage_metadata);
    merged.chunk_position = right.chunk_position ?? left.chunk_position ?? null;
  }
  return merged;
}

/** A call of a tool as its chunks spell it so far. */
interface CallChunk extends JsonObject {
  name?: string | null;
  args?: string | null;
  id?: string | null;
}

/** The calls that are complete, and those that are not JSON yet. */
function callsOf(chunks: readonly unknown[]): {
  tool_calls: unknown[];
  invalid_tool_calls: unknown[];
} {
  const complete: unknown[] = [];
  const others: unknown[] = [];
  for (const chunk of chunks) {
    if (!isRecord(chunk)) continue;
    const { name, args, id }: CallChunk = chunk;
    const value = args ? parsedObject(args) : args === "" ? {} : undefined;
    if (value === undefined) {
      others.push({ name, args, id, error: null, type: "invalid_tool_call" });
    } else {
      complete.push({ name: name ?? "", args: value, id, type: "tool_call" });
    }
  }
  return { tool_calls: complete, invalid_tool_calls: others };
}

function parsedObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function mergeContent(left: unknown, right: unknown): unknown {
  const before = left ?? "";
  if (typeof before === "string") {
    if (typeof right === "string") return before + right;
    if (!Array.isArray(right)) return before;
    return [before, ...right];
  }
  if (!Array.isArray(before)) return right;
  if (Array.isArray(right)) return mergeLists(before, right);
  if (typeof right !== "string" || right === "") return before;
  const last: unknown = before.at(-1);
  return typeof last === "string" ? [...before.slice(0, -1), last + right] : [...before, right];
}

/** Join lists: items that have the same index are one item, the others follow. */
export function mergeLists(left: readonly unknown[], right: readonly unknown[]): unknown[] {
  const merged = [...left];
  for (const item of right) {
    const at = merged.findIndex((other) => isSameItem(other, item));
    const other = merged[at];
    if (at === -1 || !isRecord(other) || !isRecord(item)) {
      merged.push(item);
      continue;
    }
    const { type, ...rest } = item;
    merged[at] = mergeFields(other, "type" in other ? rest : { ...rest, type });
  }
  return merged;
}

function isSameItem(left: unknown, right: unknown): boolean {
  if (!isRecord(left) || !isRecord(right) || !isIndex(right.index)) return false;
  if (left.index !== right.index) return false;
  return !left.id || !right.id || left.id === right.id;
}

function isIndex(value: unknown): boolean {
  return typeof value === "number" || (typeof value === "string" && value.startsWith("lc_"));
}

const LAST_WINS = new Set(["index", "created", "timestamp"]);
const SAID_AGAIN = new Set(["id", "output_version", "model_provider"]);

/** Join objects field by field: texts are appended, numbers added, lists and objects joined. */
export function mergeFields(left: JsonObject, right: JsonObject): JsonObject {
  const merged: JsonObject = { ...left };
  for (const [key, value] of Object.entries(right)) {
    const before = merged[key];
    if (value === null || value === undefined) {
      if (!(key in merged)) merged[key] = value;
    } else {
      merged[key] =
        before === null || before === undefined ? value : mergeField(key, before, value);
    }
  }
  return merged;
}

function mergeField(key: string, left: unknown, right: unknown): unknown {
  if (typeof left === "string" && typeof right === "string") {
    const isKept =
      (key === "index" && left.startsWith("lc_")) || (SAID_AGAIN.has(key) && left === right);
    return isKept ? left : left + right;
  }
  if (Array.isArray(left) && Array.isArray(right)) return mergeLists(left, right);
  if (isRecord(left) && isRecord(right)) return mergeFields(left, right);
  const isSum = Number.isInteger(left) && Number.isInteger(right) && left !== right;
  if (isSum && !LAST_WINS.has(key)) return (left as number) + (right as number);
  return right;
}

/** Add what two chunks say of tokens, with its details. */
export function addUsage(left: unknown, right: unknown): JsonObject | null {
  if (!isRecord(left)) return isRecord(right) ? right : null;
  if (!isRecord(right)) return left;
  const sum: JsonObject = { ...left };
  for (const [key, value] of Object.entries(right)) {
    const before = sum[key];
    if (typeof before === "number" && typeof value === "number") sum[key] = before + value;
    else if (isRecord(before) || isRecord(value)) sum[key] = addUsage(before, value);
    else sum[key] = before ?? value;
  }
  return sum;
}

/** An id of the provider before one of LangChain's. */
function betterId(left: unknown, right: unknown): unknown {
  return rank(right) > rank(left) ? right : left;
}

function rank(id: unknown): number {
  if (typeof id !== "string" || id === "") return -1;
  if (id.startsWith("lc_run-")) return 1;
  return id.startsWith("lc_") ? 0 : 2;
}

function record(value: unknown): JsonObject {
  return isRecord(value) ? value : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
