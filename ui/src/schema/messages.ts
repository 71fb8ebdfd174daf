import { isObject, type Json, type JsonObject, own } from "./json";
import { resolve, type Schema } from "./resolve";

/** The types of message that LangChain knows, in the order in which they are offered. */
export const ROLES = ["human", "ai", "system", "tool", "function", "chat", "remove"] as const;

/** What is offered where a schema says "a message" and no more. */
const USUAL: readonly string[] = ROLES.slice(0, 4);

const ALIASES: Record<string, string> = {
  user: "human",
  assistant: "ai",
  developer: "system",
  AIMessageChunk: "ai",
  HumanMessageChunk: "human",
  SystemMessageChunk: "system",
  ToolMessageChunk: "tool",
  FunctionMessageChunk: "function",
  ChatMessageChunk: "chat",
};

/**
 * The types of message that a schema accepts, or null where it is no schema of a message.
 *
 * A union of messages, one message, and the base class of all messages are recognised.
 */
export function rolesOf(
  root: unknown,
  schema: unknown,
  open: readonly string[] = [],
): readonly string[] | null {
  const resolved = resolve(root, schema, open);
  if (resolved.problem !== undefined) return null;
  const branches = resolved.schema.anyOf ?? resolved.schema.oneOf;
  if (!Array.isArray(branches)) return ownRoles(resolved.schema);
  const all = branches
    .filter((branch) => !isOpenAi(resolve(root, branch, resolved.references).schema))
    .map((branch) => rolesOf(root, branch, resolved.references));
  const known = all.filter((roles) => roles !== null);
  if (known.length === 0 || known.length < all.length) return null;
  return ordered(known.flat());
}

/** Another way to write the messages that stand beside it in a union. */
function isOpenAi(schema: Schema): boolean {
  const { properties } = schema;
  return isObject(properties) && Object.keys(properties).sort().join(" ") === "content role";
}

function ownRoles(schema: Schema): readonly string[] | null {
  const { properties } = schema;
  if (!isObject(properties) || own(properties, "content") === undefined) return null;
  const type = own(properties, "type");
  if (!isObject(type)) return null;
  const named = [type.const, ...(Array.isArray(type.enum) ? type.enum : []), type.default].filter(
    (name) => typeof name === "string",
  );
  if (named.length > 0) return named.every(isRole) ? [...new Set(named)] : null;
  const isBase =
    own(properties, "response_metadata") !== undefined || schema.title === "BaseMessage";
  return type.type === "string" && isBase ? USUAL : null;
}

function isRole(name: string): boolean {
  return (ROLES as readonly string[]).includes(name) || Object.hasOwn(ALIASES, name);
}

/** Chunks are for streams; nobody writes one where a whole message does. */
function ordered(roles: readonly string[]): readonly string[] {
  const whole = ROLES.filter((role) => roles.includes(role) && role !== "remove");
  return whole.length > 0 ? whole : [...new Set(roles)];
}

/** Whether a list under this name holds messages although its schema says nothing of its items. */
export function isMessagesKey(name: string, items: Schema): boolean {
  const says = Object.keys(items).filter((key) => key !== "title" && key !== "description");
  return name === "messages" && says.length === 0;
}

export function usualRoles(): readonly string[] {
  return USUAL;
}

export function emptyMessage(roles: readonly string[]): JsonObject {
  return { type: roles.includes("human") ? "human" : (roles[0] ?? "human"), content: "" };
}

/** The type of a message, whether it says `type` or, as OpenAI's do, `role`. */
export function roleOf(message: Json): string | undefined {
  if (!isObject(message)) return undefined;
  const { type, role } = message;
  const name = typeof type === "string" && isRole(type) ? type : role;
  if (typeof name !== "string") return undefined;
  return Object.hasOwn(ALIASES, name) ? ALIASES[name] : name;
}

export function isMessage(json: Json): json is JsonObject {
  return isObject(json) && roleOf(json) !== undefined && "content" in json;
}
