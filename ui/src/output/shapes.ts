import { isRecord, type JsonObject } from "../api";
import { isMessage, type Message } from "../run/messages";
import { isImageData } from "./links";

export interface DocumentValue extends JsonObject {
  page_content: string;
  metadata: JsonObject;
}

/** What a value looks like, and so how it is shown. */
export type Shape =
  | { kind: "nothing" }
  | { kind: "text"; text: string }
  | { kind: "scalar"; text: string }
  | { kind: "messages"; messages: readonly Message[] }
  /** Messages, and what else an object around them holds. */
  | { kind: "state"; messages: readonly Message[]; rest: JsonObject }
  | { kind: "documents"; documents: readonly { document: DocumentValue; score: number | null }[] }
  | { kind: "image"; address: string }
  | { kind: "data"; value: unknown };

export function shapeOf(value: unknown): Shape {
  if (value === undefined) return { kind: "nothing" };
  if (typeof value === "string") return ofText(value);
  if (value === null || typeof value !== "object") return { kind: "scalar", text: String(value) };
  if (Array.isArray(value)) return ofList(value);
  if (isMessage(value)) return { kind: "messages", messages: [value] };
  if (isDocument(value)) {
    return { kind: "documents", documents: [{ document: value, score: null }] };
  }
  if (isRecord(value)) return ofObject(value);
  return { kind: "data", value };
}

function ofText(text: string): Shape {
  const type = imageType(text);
  if (type !== null) return { kind: "image", address: `data:${type};base64,${text}` };
  return isImageData(text) ? { kind: "image", address: text } : { kind: "text", text };
}

function ofList(list: readonly unknown[]): Shape {
  if (list.length === 0) return { kind: "data", value: list };
  if (list.every(isMessage)) return { kind: "messages", messages: list };
  const documents = list.map(documentOf);
  if (documents.every((one) => one !== null)) return { kind: "documents", documents };
  const updates = list.map(messagesOfUpdate);
  if (updates.every((one) => one !== null)) return { kind: "messages", messages: updates.flat() };
  return { kind: "data", value: list };
}

function ofObject(value: JsonObject): Shape {
  const { messages, ...rest } = value;
  if (isMessages(messages)) return { kind: "state", messages, rest };
  const told = messagesOfUpdate(value);
  if (told !== null) return { kind: "messages", messages: told };
  return isBytes(value) ? ofText(value.data) : { kind: "data", value };
}

/** Bytes as some serialisers write them. */
function isBytes(value: JsonObject): value is { type: string; data: string } {
  return value.type === "bytes" && typeof value.data === "string";
}

/** The messages that nodes of a graph added, where that is all that they changed. */
function messagesOfUpdate(value: unknown): Message[] | null {
  if (!isRecord(value) || "type" in value) return null;
  const changes = Object.values(value);
  if (changes.length === 0) return null;
  const messages: Message[] = [];
  for (const change of changes) {
    if (!isRecord(change) || Object.keys(change).length !== 1) return null;
    if (isMessage(change.messages)) messages.push(change.messages);
    else if (isMessages(change.messages)) messages.push(...change.messages);
    else return null;
  }
  return messages;
}

function isMessages(value: unknown): value is Message[] {
  return Array.isArray(value) && value.length > 0 && value.every(isMessage);
}

function isDocument(value: unknown): value is DocumentValue {
  return isRecord(value) && typeof value.page_content === "string" && isRecord(value.metadata);
}

/** A document, alone or in a pair with its score. */
function documentOf(value: unknown): { document: DocumentValue; score: number | null } | null {
  if (isDocument(value)) return { document: value, score: scoreIn(value.metadata) };
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [document, score] = value;
  return isDocument(document) && typeof score === "number" ? { document, score } : null;
}

function scoreIn(metadata: JsonObject): number | null {
  const score = metadata.score ?? metadata.relevance_score;
  return typeof score === "number" ? score : null;
}

const SIGNATURES: readonly (readonly [string, string])[] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
];
const SHORTEST_IMAGE = 64;

/** The type of an image that a text is in base64, told by its first bytes. */
function imageType(text: string): string | null {
  if (text.length < SHORTEST_IMAGE) return null;
  const type = SIGNATURES.find(([start]) => text.startsWith(start))?.[1];
  return type !== undefined && /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? type : null;
}
