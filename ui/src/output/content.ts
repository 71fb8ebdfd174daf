import { isRecord, type JsonObject } from "../api";
import type { Message } from "../run/messages";

/** One part of a message, however its provider writes it. */
export type Part =
  | { kind: "text"; text: string }
  | { kind: "reasoning"; text: string }
  | { kind: "image"; address: string }
  | { kind: "data"; value: JsonObject };

/** A call of a tool. The arguments are a text as long as they are no whole object. */
export interface Call {
  id: string;
  name: string;
  arguments: unknown;
  state: "forming" | "whole" | "invalid";
}

/** What a message says, in its order; neighbouring texts are one. */
export function partsOf(message: Message): Part[] {
  const { content, additional_kwargs: more } = message;
  const parts: Part[] = [];
  if (isRecord(more) && typeof more.reasoning_content === "string" && more.reasoning_content) {
    parts.push({ kind: "reasoning", text: more.reasoning_content });
  }
  for (const block of Array.isArray(content) ? content : [content]) {
    const part = partOf(block);
    if (part === null) continue;
    const last = parts.at(-1);
    if (last?.kind === "text" && part.kind === "text") last.text += part.text;
    else parts.push(part);
  }
  return parts;
}

/** Blocks that say of calls what the message says of them elsewhere. */
const CALLS = new Set([
  "tool_use",
  "tool_call",
  "tool_call_chunk",
  "invalid_tool_call",
  "input_json_delta",
  "function_call",
]);

function partOf(block: unknown): Part | null {
  if (typeof block === "string") return block === "" ? null : { kind: "text", text: block };
  if (!isRecord(block) || CALLS.has(String(block.type))) return null;
  const image = imageOf(block);
  if (image !== null) return { kind: "image", address: image };
  const { type, text, reasoning, thinking } = block;
  if (type === "thinking") return { kind: "reasoning", text: textOf(thinking) };
  if (type === "reasoning") {
    return { kind: "reasoning", text: textOf(reasoning) || textOf(block.summary) };
  }
  if (typeof text === "string") return { kind: "text", text };
  return { kind: "data", value: block };
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return "";
  return value.map((item) => (isRecord(item) ? textOf(item.text) : "")).join("\n");
}

/** The address of an image in one of the forms that providers have for it. */
function imageOf(block: JsonObject): string | null {
  if (block.type === "image_url") {
    const { image_url: image } = block;
    const address: unknown = isRecord(image) ? image.url : image;
    return typeof address === "string" ? address : null;
  }
  if (block.type !== "image") return null;
  const source = isRecord(block.source) ? block.source : block;
  const data = source.base64 ?? source.data;
  const type = source.mime_type ?? source.media_type ?? "image/png";
  if (typeof data === "string") return `data:${String(type)};base64,${data}`;
  return typeof source.url === "string" ? source.url : null;
}

/** The calls in a message, those that are still forming among them. */
export function callsOf(message: Message): Call[] {
  const chunks = listOf(message.tool_call_chunks);
  if (chunks.length > 0) return chunks.map(formingCall);
  return [
    ...listOf(message.tool_calls).map((call, at) => named(call, at, call.args, "whole")),
    ...listOf(message.invalid_tool_calls).map((call, at) => named(call, at, call.args, "invalid")),
  ];
}

function formingCall(chunk: JsonObject, at: number): Call {
  const text = typeof chunk.args === "string" ? chunk.args : "";
  try {
    return named(chunk, at, JSON.parse(text), "whole");
  } catch {
    return named(chunk, at, text, "forming");
  }
}

function named(call: JsonObject, at: number, args: unknown, state: Call["state"]): Call {
  const id = typeof call.id === "string" ? call.id : `${state}-${at}`;
  return { id, name: typeof call.name === "string" ? call.name : "", arguments: args, state };
}

function listOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
