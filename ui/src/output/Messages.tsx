import { Brain, Wrench } from "lucide-react";
import { memo, useContext } from "react";
import { isRecord } from "../api";
import { Badge, CodeBlock, classes, Disclosure, JsonTree } from "../design";
import type { Message } from "../run/messages";
import { usageOf } from "../steps/tree";
import { type Call, callsOf, type Part, partsOf } from "./content";
import { Growing } from "./growing";
import { Markdown, Plain } from "./Markdown";
import { Picture } from "./Picture";
import { strings } from "./strings";

export interface MessagesProps {
  messages: readonly Message[];
  /** A message that is still being written, after the others. */
  forming?: Message | null | undefined;
}

/** Messages one below the other, as in a chat. */
export function Messages({ messages, forming }: MessagesProps) {
  return (
    <ol className="flex flex-col gap-3">
      {messages.map((message, position) => (
        <li key={keyOf(message, position)}>
          <MessageBubble message={message} />
        </li>
      ))}
      {forming && (
        <li key={keyOf(forming, messages.length)}>
          <MessageBubble message={forming} forming />
        </li>
      )}
    </ol>
  );
}

function keyOf(message: Message, position: number): string {
  return `${position}:${typeof message.id === "string" ? message.id : ""}`;
}

/** One message: who says it, what, and which tools it calls. */
export const MessageBubble = memo(function MessageBubble({
  message,
  forming = false,
}: {
  message: Message;
  forming?: boolean | undefined;
}) {
  const role = roleOf(message);
  const usage = usageOf(message);
  const isGrowing = useContext(Growing) || forming;
  return (
    <article
      aria-label={nameOf(message, role)}
      className={classes(
        "flex max-w-full flex-col gap-2 rounded-lg border px-3 py-2",
        role === "human" ? "ml-6 border-transparent bg-accent-soft" : "border-line bg-surface",
      )}
    >
      <header className="flex flex-wrap items-center gap-2 text-xs text-ink-muted">
        <span className="font-semibold">{nameOf(message, role)}</span>
        {message.status === "error" && <Badge tone="danger">{strings.callFailed}</Badge>}
        {forming && <span>{strings.forming}</span>}
        {usage && <span className="ml-auto">{strings.tokens(usage.input, usage.output)}</span>}
      </header>
      <Growing value={isGrowing}>
        {partsOf(message).map((part, position) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts are only appended
          <PartView key={position} part={part} role={role} />
        ))}
      </Growing>
      {callsOf(message).map((call) => (
        <CallView key={call.id} call={call} />
      ))}
    </article>
  );
});

function roleOf(message: Message): string {
  return message.type.replace(/MessageChunk$/, "").toLowerCase();
}

function nameOf(message: Message, role: string): string {
  const said = message.name ?? message.role;
  const title = strings.roles[role] ?? role;
  return typeof said === "string" && said !== "" ? `${title} · ${said}` : title;
}

function PartView({ part, role }: { part: Part; role: string }) {
  switch (part.kind) {
    case "text":
      if (role === "tool") return <Result text={part.text} />;
      return role === "human" ? <Plain text={part.text} /> : <Markdown text={part.text} />;
    case "reasoning":
      return <Reasoning text={part.text} />;
    case "image":
      return <Picture address={part.address} label="" />;
    case "data":
      return <JsonTree label={String(part.value.type ?? strings.json)} value={part.value} />;
  }
}

/** From here on what a tool says is folded: the answer matters more. */
const LONG_RESULT = 400;

function Result({ text }: { text: string }) {
  const value = dataIn(text);
  const shown =
    value === null ? <Plain text={text} /> : <JsonTree label={strings.result} value={value} />;
  if (text.length < LONG_RESULT) return shown;
  return (
    <Disclosure summary={<span className="text-ink-muted">{strings.longResult(text.length)}</span>}>
      {shown}
    </Disclosure>
  );
}

/** The object or list that a text is in JSON; null for any other text. */
function dataIn(text: string): object | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function Reasoning({ text }: { text: string }) {
  const summary = (
    <span className="inline-flex items-center gap-1.5 text-ink-muted">
      <Brain aria-hidden size={14} />
      {strings.reasoning}
    </span>
  );
  return (
    <Disclosure summary={summary}>
      <div className="border-l-2 border-line pl-3 text-ink-muted">
        <Plain text={text} />
      </div>
    </Disclosure>
  );
}

function CallView({ call }: { call: Call }) {
  const title = call.name === "" ? strings.toolCallForming : strings.toolCall(call.name);
  return (
    <article aria-label={title} className="rounded-md border border-line bg-sunken p-2">
      <p className="flex flex-wrap items-center gap-1.5 text-xs font-medium">
        <Wrench aria-hidden size={13} />
        {title}
        {call.state === "invalid" && <Badge tone="warning">{strings.invalidCall}</Badge>}
      </p>
      <Arguments call={call} />
    </article>
  );
}

function Arguments({ call }: { call: Call }) {
  if (isRecord(call.arguments)) {
    return <JsonTree label={strings.arguments} value={call.arguments} />;
  }
  const text = typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments);
  return text ? <CodeBlock noCopy wrap label={strings.arguments} text={text} /> : null;
}
