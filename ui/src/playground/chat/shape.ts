import type { Field, ObjectField } from "../../schema";
import { alternatives } from "../alternatives";

/** How a conversation is put into the input of a runnable. */
export type ChatShape =
  /** Only the last message, as a text. */
  | { kind: "text" }
  | { kind: "list" }
  | { kind: "key"; messages: string }
  /** The history without the last message, and the text of that one. */
  | { kind: "two keys"; history: string; text: string };

/** The names that are preferred where several lists hold messages. */
const USUAL = ["messages", "chat_history", "history"];

/** Find where an input holds messages; null if it has no place for a conversation. */
export function chatShapeOf(input: Field): ChatShape | null {
  const inputs = alternatives(input);
  if (inputs.some(isMessages)) return { kind: "list" };
  for (const each of inputs) {
    const shape = each.kind === "object" ? shapeOfObject(each) : null;
    if (shape !== null) return shape;
  }
  return inputs.some(({ kind }) => kind === "text") ? { kind: "text" } : null;
}

function shapeOfObject(input: ObjectField): ChatShape | null {
  const properties = input.properties();
  const lists = properties
    .filter(({ name, field }) => alternatives(field).some((each) => isPlace(name, each)))
    .map(({ name }) => name);
  const messages = USUAL.find((name) => lists.includes(name)) ?? lists[0];
  if (messages === undefined) return null;
  const other = properties.find(({ name }) => name !== messages);
  if (properties.length === 2 && other !== undefined && isText(other.field)) {
    return { kind: "two keys", history: messages, text: other.name };
  }
  return { kind: "key", messages };
}

function isPlace(name: string, field: Field): boolean {
  if (isMessages(field)) return true;
  // A schema may say no more than that it is a list; then its name tells what of.
  return USUAL.includes(name) && field.kind === "list" && field.item().kind === "json";
}

function isMessages(field: Field): boolean {
  if (field.kind === "messages") return !field.single && field.widget === undefined;
  return field.kind === "list" && alternatives(field.item()).some(isMessage);
}

/** Also one with a role in place of a type, as OpenAI's have it. */
function isMessage(field: Field): boolean {
  if (field.kind === "messages") return field.single;
  if (field.kind !== "object") return false;
  const names = new Set(field.properties().map(({ name }) => name));
  return names.has("content") && (names.has("role") || names.has("type"));
}

function isText(field: Field): boolean {
  return alternatives(field).some(({ kind }) => kind === "text");
}
