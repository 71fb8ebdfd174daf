import { ArrowUp, Pencil, Plus, RotateCw, Square } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import {
  Button,
  CopyButton,
  EmptyState,
  IconButton,
  LiveRegion,
  Notice,
  Skeleton,
  Spinner,
} from "../../design";
import { isBlank, MessageContent } from "../../form";
import { FailureCard, FollowEnd, MessageBubble } from "../../output";
import type { Json } from "../../schema";
import Feedback from "../feedback/Feedback";
import { FormTab } from "../page/FormTab";
import { MetaLine } from "../page/MetaLine";
import type { Playground } from "../page/usePlayground";
import { strings } from "../strings";
import { type ChatMessage, lastQuestion, textOf } from "./conversation";
import type { ChatShape } from "./shape";
import { strings as words } from "./strings";
import { type Chat, useChat } from "./useChat";

const names = {
  whole: words.composer,
  text: words.composer,
  attach: words.attach,
  part: words.part,
};

export interface ChatTabProps {
  playground: Playground;
  /** Null where the input has no place for messages. */
  shape: ChatShape | null;
  /** Whether it is the tab that is shown. */
  active: boolean;
}

/** A conversation, wherever the input has a place for one; else the form, with a word about why. */
export default function ChatTab({ playground, shape, active }: ChatTabProps) {
  const { inputSchema } = playground;
  if (shape !== null) {
    return <Conversation playground={playground} shape={shape} />;
  }
  if (!active) return null;
  if (inputSchema.loading && inputSchema.value === undefined) return <Skeleton lines={5} />;
  return (
    <div className="flex flex-col gap-3">
      <Notice tone="info">{words.unavailable}</Notice>
      <FormTab playground={playground} />
    </div>
  );
}

function Conversation({ playground, shape }: { playground: Playground; shape: ChatShape }) {
  const chat = useChat(playground, shape);
  const { run, active, messages } = chat;
  const { thread } = playground.configuration;
  const last = lastQuestion(messages);
  return (
    <div className="mx-auto flex h-[calc(100dvh-11.5rem)] min-[640px]:h-[calc(100dvh-8.5rem)] min-h-96 max-w-4xl flex-col gap-2">
      <div className="flex min-h-8 items-center gap-2">
        {thread !== null && (
          <span className="min-w-0 truncate font-mono text-xs text-ink-muted" title={thread}>
            {words.thread(thread)}
          </span>
        )}
        {shape.kind === "text" && <span className="text-xs text-ink-muted">{words.noHistory}</span>}
        {!chat.lasting && <span className="text-xs text-ink-muted">{words.notKept}</span>}
        <Button
          size="sm"
          variant="ghost"
          className="ml-auto shrink-0 whitespace-nowrap"
          icon={<Plus aria-hidden size={14} />}
          disabled={messages.length === 0}
          onClick={chat.clear}
        >
          {thread === null ? words.clear : words.newThread}
        </Button>
      </div>
      <FollowEnd label={words.transcript} className="grow pr-1">
        <div aria-busy={active} className="flex flex-col gap-3">
          {messages.length === 0 && <EmptyState title={words.empty}>{words.emptyHelp}</EmptyState>}
          <ol className="flex flex-col gap-3">
            {messages.map((message, index) => (
              <Turn
                key={keyOf(message, index)}
                chat={chat}
                message={message}
                index={index}
                again={index === messages.length - 1 && last !== -1}
                threaded={thread !== null}
              />
            ))}
            {chat.answering.map((message, index) => (
              <li key={keyOf(message, messages.length + index)}>
                <MessageBubble message={message} forming={active} />
              </li>
            ))}
          </ol>
          {active && chat.answering.length === 0 && (
            <p className="flex min-h-8 items-center gap-2 text-ink-muted">
              <Spinner />
              {strings.waiting}
            </p>
          )}
          {run.state === "stopped" && <Notice tone="warning">{words.stopped}</Notice>}
          {run.state === "done" && messages.at(-1)?.type === "human" && (
            <Notice tone="info">{words.noAnswer}</Notice>
          )}
          {run.failure !== null && run.state === "failed" && (
            <FailureCard failure={run.failure} runId={run.runId} onRetry={chat.again} />
          )}
          {run.state !== "idle" && <MetaLine run={run} />}
          {run.runId !== null && !active && (
            <Feedback key={run.runId} playground={playground} runId={run.runId} />
          )}
        </div>
      </FollowEnd>
      <Composer chat={chat} />
      <LiveRegion message={strings.said[run.state]} />
    </div>
  );
}

interface TurnPart {
  chat: Chat;
  index: number;
  threaded: boolean;
}

interface TurnProps extends TurnPart {
  message: ChatMessage;
  /** Whether it ends the conversation, and may be asked again. */
  again: boolean;
}

function Turn({ chat, message, index, again, threaded }: TurnProps) {
  const [editing, setEditing] = useState(false);
  const isHuman = message.type === "human";
  const text = textOf(message.content);
  if (editing) {
    return (
      <li>
        <Editor {...{ chat, index, threaded }} onEnd={() => setEditing(false)} />
      </li>
    );
  }
  return (
    <li className="flex flex-col gap-0.5">
      <MessageBubble message={message} />
      <div className={`flex gap-0.5 ${isHuman ? "justify-end" : ""}`}>
        {text !== "" && <CopyButton iconOnly label={words.copy} text={text} />}
        {isHuman && (
          <IconButton
            size="sm"
            label={words.edit}
            icon={<Pencil aria-hidden size={14} />}
            disabled={chat.active}
            onClick={() => setEditing(true)}
          />
        )}
        {again && (
          <IconButton
            size="sm"
            label={words.again}
            icon={<RotateCw aria-hidden size={14} />}
            disabled={chat.active}
            onClick={chat.again}
          />
        )}
      </div>
    </li>
  );
}

function Editor({ chat, index, threaded, onEnd }: TurnPart & { onEnd: () => void }) {
  const [content, setContent] = useState(asJson(chat.messages[index]?.content));
  const send = () => {
    if (isBlank(content)) return;
    onEnd();
    chat.edit(index, content);
  };
  return (
    <div className="ml-6 flex flex-col gap-2 rounded-lg border border-line bg-surface p-2">
      <MessageContent
        id={`chat-${index}`}
        names={names}
        content={content}
        onContent={setContent}
        attaches={chat.attaches}
        area={{
          autoFocus: true,
          onKeyDown: (event) => {
            if (event.key === "Escape") onEnd();
            else if (sends(event)) send();
          },
        }}
      />
      <div className="flex flex-wrap items-center justify-end gap-2">
        {threaded && <span className="mr-auto text-xs text-ink-muted">{words.editOfThread}</span>}
        <Button size="sm" onClick={onEnd}>
          {words.cancel}
        </Button>
        <Button size="sm" variant="primary" disabled={isBlank(content)} onClick={send}>
          {words.resend}
        </Button>
      </div>
    </div>
  );
}

function Composer({ chat }: { chat: Chat }) {
  const [content, setContent] = useState<Json>("");
  const send = () => {
    if (isBlank(content) || chat.active) return;
    chat.send(content);
    setContent("");
  };
  return (
    <div className="flex flex-col gap-1">
      <div className="flex flex-wrap items-end justify-end gap-2">
        <div className="max-h-[50dvh] min-w-0 grow basis-80 overflow-y-auto p-1">
          <MessageContent
            id="chat-new"
            names={names}
            content={content}
            onContent={setContent}
            attaches={chat.attaches}
            area={{
              "aria-describedby": "chat-keys",
              rows: 1,
              className: "min-h-9!",
              placeholder: words.placeholder,
              onKeyDown: (event) => {
                if (sends(event)) send();
              },
            }}
          />
        </div>
        {chat.active ? (
          <Button
            variant="danger"
            className="min-h-9! shrink-0 whitespace-nowrap"
            icon={<Square aria-hidden size={14} />}
            onClick={chat.stop}
          >
            {words.stop}
          </Button>
        ) : (
          <Button
            variant="primary"
            className="min-h-9! shrink-0 whitespace-nowrap"
            icon={<ArrowUp aria-hidden size={15} />}
            disabled={isBlank(content)}
            onClick={send}
          >
            {words.send}
          </Button>
        )}
      </div>
      <p id="chat-keys" className="text-xs text-ink-muted">
        {words.keys}
      </p>
    </div>
  );
}

/** Enter sends; not with Shift, and not while a word is being composed, as in Japanese. */
function sends(event: KeyboardEvent<HTMLTextAreaElement>): boolean {
  if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return false;
  event.preventDefault();
  return true;
}

/** The content of a message, which arrived as JSON. */
function asJson(content: unknown): Json {
  return content === undefined ? "" : (content as Json);
}

function keyOf(message: ChatMessage, index: number): string {
  return `${index}:${message.id ?? ""}`;
}
