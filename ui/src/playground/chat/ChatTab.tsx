import { ArrowUp, Pencil, Plus, RotateCw, Square } from "lucide-react";
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import {
  Button,
  CopyButton,
  EmptyState,
  IconButton,
  LiveRegion,
  Notice,
  Skeleton,
  Spinner,
  TextArea,
} from "../../design";
import { FailureCard, MessageBubble } from "../../output";
import { Feedback } from "../page/Feedback";
import { FormTab } from "../page/FormTab";
import { MetaLine } from "../page/MetaLine";
import type { Playground } from "../page/usePlayground";
import { strings } from "../strings";
import { type ChatMessage, lastQuestion, textOf } from "./conversation";
import type { ChatShape } from "./shape";
import { type Chat, useChat } from "./useChat";

const words = strings.chat;

export interface ChatTabProps {
  playground: Playground;
  /** Null where the input has no place for messages. */
  shape: ChatShape | null;
  onSignedOut: () => void;
  /** Whether it is the tab that is shown. */
  active: boolean;
}

/** A conversation, wherever the input has a place for one; else the form, with a word about why. */
export default function ChatTab({ playground, shape, onSignedOut, active }: ChatTabProps) {
  const { inputSchema } = playground;
  if (shape !== null) {
    return <Conversation playground={playground} shape={shape} onSignedOut={onSignedOut} />;
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

function Conversation({
  playground,
  shape,
  onSignedOut,
}: Omit<ChatTabProps, "active" | "shape"> & { shape: ChatShape }) {
  const chat = useChat(playground, shape);
  const { run, active, messages } = chat;
  const status = run.failure?.status;
  useEffect(() => {
    if (status === 401) onSignedOut();
  }, [status, onSignedOut]);
  const { thread } = playground.configuration;
  const last = lastQuestion(messages);
  return (
    <div className="mx-auto flex h-[calc(100dvh-10rem)] min-h-96 max-w-4xl flex-col gap-2">
      <div className="flex min-h-8 items-center gap-2">
        {thread !== null && (
          <span className="min-w-0 truncate font-mono text-xs text-ink-muted" title={thread}>
            {words.thread(thread)}
          </span>
        )}
        {shape.kind === "text" && <span className="text-xs text-ink-muted">{words.noHistory}</span>}
        <Button
          size="sm"
          variant="ghost"
          className="ml-auto"
          icon={<Plus aria-hidden size={14} />}
          disabled={messages.length === 0}
          onClick={chat.clear}
        >
          {thread === null ? words.clear : words.newThread}
        </Button>
      </div>
      <Transcript busy={active} length={messages.length} output={run.output ?? run.forming}>
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
      </Transcript>
      <Composer chat={chat} />
      <LiveRegion message={strings.said[run.state]} />
    </div>
  );
}

const NEAR_THE_END = 48;

/** Follows what is written at its end, unless somebody has scrolled up to read. */
function Transcript({
  busy,
  length,
  output,
  children,
}: {
  busy: boolean;
  length: number;
  output: unknown;
  children: React.ReactNode;
}) {
  const frame = useRef<HTMLElement>(null);
  const follows = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: these are what makes it longer
  useLayoutEffect(() => {
    const element = frame.current;
    if (element !== null && follows.current) element.scrollTop = element.scrollHeight;
  }, [length, output, busy]);
  return (
    <section
      ref={frame}
      aria-label={words.transcript}
      aria-busy={busy}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      tabIndex={0}
      className="flex grow flex-col gap-3 overflow-y-auto pr-1"
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        follows.current = scrollHeight - scrollTop - clientHeight < NEAR_THE_END;
      }}
    >
      {children}
    </section>
  );
}

interface TurnProps {
  chat: Chat;
  message: ChatMessage;
  index: number;
  /** Whether it ends the conversation, and may be asked again. */
  again: boolean;
  threaded: boolean;
}

function Turn({ chat, message, index, again, threaded }: TurnProps) {
  const [editing, setEditing] = useState(false);
  const isHuman = message.type === "human";
  const text = textOf(message.content);
  if (editing) {
    return (
      <li>
        <Editor
          text={text}
          threaded={threaded}
          onCancel={() => setEditing(false)}
          onSend={(changed) => {
            setEditing(false);
            chat.edit(index, changed);
          }}
        />
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

function Editor({
  text,
  threaded,
  onCancel,
  onSend,
}: {
  text: string;
  threaded: boolean;
  onCancel: () => void;
  onSend: (text: string) => void;
}) {
  const [changed, setChanged] = useState(text);
  const send = () => changed.trim() !== "" && onSend(changed);
  return (
    <div className="ml-6 flex flex-col gap-2 rounded-lg border border-line bg-surface p-2">
      <TextArea
        aria-label={words.composer}
        grow
        autoFocus
        value={changed}
        onChange={(event) => setChanged(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") onCancel();
          else if (sends(event)) send();
        }}
      />
      <div className="flex flex-wrap items-center justify-end gap-2">
        {threaded && <span className="mr-auto text-xs text-ink-muted">{words.editOfThread}</span>}
        <Button size="sm" onClick={onCancel}>
          {words.cancel}
        </Button>
        <Button size="sm" variant="primary" onClick={send}>
          {words.resend}
        </Button>
      </div>
    </div>
  );
}

function Composer({ chat }: { chat: Chat }) {
  const [text, setText] = useState("");
  const send = () => {
    if (text.trim() === "" || chat.active) return;
    chat.send(text);
    setText("");
  };
  return (
    <div className="flex flex-col gap-1">
      <div className="flex items-end gap-2">
        <TextArea
          aria-label={words.composer}
          aria-describedby="chat-keys"
          grow
          rows={1}
          className="min-h-9!"
          placeholder={words.placeholder}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (sends(event)) send();
          }}
        />
        {chat.active ? (
          <Button
            variant="danger"
            className="min-h-9!"
            icon={<Square aria-hidden size={14} />}
            onClick={chat.stop}
          >
            {words.stop}
          </Button>
        ) : (
          <Button
            variant="primary"
            className="min-h-9!"
            icon={<ArrowUp aria-hidden size={15} />}
            disabled={text.trim() === ""}
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

function keyOf(message: ChatMessage, index: number): string {
  return `${index}:${message.id ?? ""}`;
}
