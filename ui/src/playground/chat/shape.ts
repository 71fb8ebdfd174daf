/** How a conversation is put into the input of a runnable. */
export type ChatShape =
  /** Only the last message, as a text. */
  | { kind: "text" }
  | { kind: "list" }
  | { kind: "key"; messages: string }
  /** The history without the last message, and the text of that one. */
  | { kind: "two keys"; history: string; text: string };

type Schema = Record<string, unknown>;

const MESSAGE_TITLE = /Message(Chunk)?$|^(MessageLike|BaseMessage)/;
const MESSAGE_KEYS = ["messages", "chat_history", "history"];
const DEEPEST = 16;

/** Find where an input holds messages; null if it has no place for a conversation. */
export function chatShapeOf(schema: unknown): ChatShape | null {
  const root = asSchema(schema);
  if (root === null) return null;
  const inputs = alternatives(root, root);
  if (inputs.some((each) => isMessageList(each, root))) return { kind: "list" };
  for (const input of inputs) {
    const shape = shapeOfObject(input, root);
    if (shape !== null) return shape;
  }
  return inputs.some((each) => each.type === "string") ? { kind: "text" } : null;
}

function shapeOfObject(input: Schema, root: Schema): ChatShape | null {
  const properties = asSchema(input.properties);
  if (properties === null) return null;
  const names = Object.keys(properties);
  const lists = names.filter((name) => {
    const variants = alternatives(properties[name], root);
    return variants.some(
      (each) => isMessageList(each, root) || (MESSAGE_KEYS.includes(name) && isAnyList(each)),
    );
  });
  const messages = MESSAGE_KEYS.find((name) => lists.includes(name)) ?? lists[0];
  if (messages === undefined) return null;
  const texts = names.filter((name) =>
    alternatives(properties[name], root).some((each) => each.type === "string"),
  );
  const [text] = texts;
  if (names.length === 2 && text !== undefined && text !== messages) {
    return { kind: "two keys", history: messages, text };
  }
  return { kind: "key", messages };
}

function isMessageList(schema: Schema, root: Schema): boolean {
  if (schema.type !== "array" && schema.items === undefined) return false;
  return alternatives(schema.items, root).some(isMessage);
}

function isAnyList(schema: Schema): boolean {
  return schema.type === "array" || Object.keys(schema).every((key) => key === "title");
}

function isMessage(schema: Schema): boolean {
  if (typeof schema.title === "string" && MESSAGE_TITLE.test(schema.title)) return true;
  const properties = asSchema(schema.properties);
  return (
    properties !== null && "content" in properties && ("type" in properties || "role" in properties)
  );
}

/** What references and alternatives come down to. */
function alternatives(schema: unknown, root: Schema, depth = 0): Schema[] {
  const own = asSchema(schema);
  if (own === null || depth > DEEPEST) return [];
  if (typeof own.$ref === "string") return alternatives(resolved(own.$ref, root), root, depth + 1);
  const inner = [own.anyOf, own.oneOf, own.allOf].find(Array.isArray);
  if (!Array.isArray(inner)) return [own];
  return inner.flatMap((each) => alternatives(each, root, depth + 1));
}

function resolved(reference: string, root: Schema): unknown {
  if (!reference.startsWith("#/")) return undefined;
  return reference
    .slice(2)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>((here, key) => asSchema(here)?.[key], root);
}

function asSchema(value: unknown): Schema | null {
  const fits = typeof value === "object" && value !== null && !Array.isArray(value);
  return fits ? (value as Schema) : null;
}
