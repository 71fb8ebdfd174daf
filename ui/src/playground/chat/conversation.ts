import type { ChatShape } from "./shape";

/** A message as it is sent and as runnables return it. */
export interface ChatMessage {
  type: string;
  content: unknown;
  id?: string | undefined;
  name?: string | undefined;
  tool_calls?: unknown;
  tool_call_id?: unknown;
  [key: string]: unknown;
}

/** What is known about where the messages go. */
export interface Target {
  shape: ChatShape;
  /** How many of the messages the service remembers: those are not sent again. */
  remembered: number;
  /** The other fields of the input, from the form. */
  rest: unknown;
}

/** The input that asks for an answer to the last message of a conversation. */
export function chatInput(messages: readonly ChatMessage[], target: Target): unknown {
  const { shape, remembered } = target;
  const rest = isRecord(target.rest) ? target.rest : {};
  const sent = messages.slice(remembered).map(plain);
  switch (shape.kind) {
    case "text":
      return textOf(messages.at(-1)?.content);
    case "list":
      return sent;
    case "key":
      return { ...rest, [shape.messages]: sent };
    case "two keys":
      return {
        ...rest,
        [shape.history]: sent.slice(0, -1),
        [shape.text]: textOf(messages.at(-1)?.content),
      };
  }
}

/**
 * The messages that an output adds to a conversation: the output may be a text, a message, a list
 * of messages, or an object that holds one of these. An output that repeats the conversation adds
 * only what comes after it.
 */
export function answersIn(
  output: unknown,
  shape: ChatShape,
  asked: readonly ChatMessage[],
): ChatMessage[] {
  const found = messagesIn(output, shape);
  const last = asked.findLast((message) => message.type === "human");
  const repeated = found.findLastIndex(
    (message) =>
      message.type === "human" &&
      last !== undefined &&
      textOf(message.content) === textOf(last.content),
  );
  return found.slice(repeated + 1).filter((message) => message.type !== "human");
}

function messagesIn(output: unknown, shape: ChatShape): ChatMessage[] {
  if (typeof output === "string") return output === "" ? [] : [{ type: "ai", content: output }];
  if (Array.isArray(output)) return output.flatMap((each) => messagesIn(each, shape));
  if (!isRecord(output)) return [];
  if (isMessage(output)) return [{ ...output, type: roleOf(output), content: output.content }];
  const keys = [
    ...(shape.kind === "key" ? [shape.messages] : []),
    ...(shape.kind === "two keys" ? [shape.history] : []),
    "messages",
    "output",
    "answer",
    "content",
  ];
  for (const key of keys) {
    if (Object.hasOwn(output, key)) {
      const found = messagesIn(output[key], shape);
      if (found.length > 0) return found;
    }
  }
  // Updates of a graph: what each node wrote, under its name.
  return Object.values(output).flatMap((each) => (isRecord(each) ? messagesIn(each, shape) : []));
}

function isMessage(value: Record<string, unknown>): boolean {
  return "content" in value && (typeof value.type === "string" || typeof value.role === "string");
}

const ROLES: Record<string, string> = {
  user: "human",
  assistant: "ai",
  AIMessageChunk: "ai",
  HumanMessageChunk: "human",
  ToolMessageChunk: "tool",
  SystemMessageChunk: "system",
};

function roleOf(message: Record<string, unknown>): string {
  const role = typeof message.type === "string" ? message.type : String(message.role);
  return ROLES[role] ?? role;
}

/** The text of a message's content, which may be a list of blocks. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((block) => {
      if (typeof block === "string") return block;
      return isRecord(block) && typeof block.text === "string" ? block.text : "";
    })
    .join("");
}

/** The conversation up to a message that is asked again with another content, or as it was. */
export function askedAgain(
  messages: readonly ChatMessage[],
  index: number,
  content?: unknown,
): ChatMessage[] {
  const kept = messages.slice(0, index);
  const again = messages[index];
  if (again === undefined) return kept;
  return [...kept, content === undefined ? again : { type: again.type, content }];
}

/** The place of the question that the last answer belongs to; -1 if nothing was asked. */
export function lastQuestion(messages: readonly ChatMessage[]): number {
  return messages.findLastIndex((message) => message.type === "human");
}

const ABOUT_THE_ANSWER = new Set(["response_metadata", "usage_metadata", "additional_kwargs"]);

/** What of a message is sent back: not what only concerns how it came about. */
function plain(message: ChatMessage): ChatMessage {
  const entries = Object.entries(message).filter(([key]) => !ABOUT_THE_ANSWER.has(key));
  return { ...Object.fromEntries(entries), type: message.type, content: message.content };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
