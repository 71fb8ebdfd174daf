import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { isActive, type RunSnapshot, RunStore } from "../../run";
import { type Json, toInput } from "../../schema";
import { Drafts } from "../history/drafts";
import { withThread } from "../page/configuration";
import { newId } from "../page/newId";
import { operationsOf } from "../page/operations";
import { recordOf } from "../page/recordOf";
import { withoutSecrets } from "../page/secrets";
import type { Playground } from "../page/usePlayground";
import { useRun } from "../page/useRun";
import { answersIn, askedAgain, type ChatMessage, chatInput, lastQuestion } from "./conversation";
import type { ChatShape } from "./shape";

/** A conversation with a runnable. */
export interface Chat {
  messages: readonly ChatMessage[];
  /** What the run under way has answered so far. */
  answering: readonly ChatMessage[];
  run: RunSnapshot;
  active: boolean;
  /** Whether a message can hold more than text. */
  attaches: boolean;
  /** Whether it will be here after a reload. */
  lasting: boolean;
  send: (content: Json) => void;
  stop: () => void;
  /** Ask the last question once more. */
  again: () => void;
  /** Ask a question of the conversation in another way; what came after it is forgotten. */
  edit: (index: number, content: Json) => void;
  /** Begin anew; with a graph in a new thread. */
  clear: () => void;
}

interface Kept {
  messages: readonly ChatMessage[];
  /** How many of them the thread holds. */
  remembered: number;
}

const EMPTY: Kept = { messages: [], remembered: 0 };

export function useChat(playground: Playground, shape: ChatShape): Chat {
  const { about, client, configuration, input, keep, noticed } = playground;
  const path = client.addresses.runnable("").pathname;
  const kept = useMemo(
    () => new Drafts(`${path} chat`, () => [sessionStorage, sessionStorage]),
    [path],
  );
  const [talk, setTalk] = useState<Kept>(() => asKept(kept.read()?.input));
  const [store] = useState(() => new RunStore(client));
  const run = useRun(store);
  const active = isActive(run.state);
  useEffect(() => () => store.stop(), [store]);
  const [lasting, setLasting] = useState(true);
  useEffect(() => setLasting(kept.write({ input: talk })), [kept, talk]);

  const now = useRef({ talk, configuration, input, shape });
  now.current = { talk, configuration, input, shape };

  const ask = useCallback(
    (messages: readonly ChatMessage[], remembered: number, newThread: boolean) => {
      const { configuration: config, input: form, shape: asked } = now.current;
      const thread = newThread && about.threads ? newId() : config.thread;
      if (thread !== null && thread !== config.thread) config.setThread(thread);
      setTalk({ messages, remembered });
      const target = { shape: asked, remembered };
      const sent = chatInput(messages, { ...target, rest: form.json });
      const secretless = withoutSecrets(form.model.field, form.value);
      const open = chatInput(messages, { ...target, rest: toInput(form.model, secretless) });
      const method = about.operations.some((name) => name === "stream" || name === "stream_events")
        ? "stream"
        : about.operations.includes("invoke")
          ? "invoke"
          : "batch";
      const request = {
        method,
        input: method === "batch" ? [sent] : sent,
        config: withThread(config.config, thread),
        configHash: "",
        operations: operationsOf(about),
      } as const;
      void store.start(request).then((ended) => {
        keep(recordOf(ended, { input: open, config: config.shareable }));
        noticed(ended.failure);
        if (ended.state === "failed") return;
        const output = method === "batch" ? [ended.output].flat() : ended.output;
        const answers = answersIn(output ?? ended.forming, asked, messages);
        const all = [...messages, ...answers];
        setTalk((latest) =>
          latest.messages === messages
            ? { messages: all, remembered: thread === null ? 0 : all.length }
            : latest,
        );
      });
    },
    [about, keep, noticed, store],
  );

  const answering = useMemo(
    () =>
      active || run.state === "failed"
        ? answersIn(run.forming ?? run.output, shape, talk.messages)
        : [],
    [active, run, shape, talk.messages],
  );

  return {
    messages: talk.messages,
    answering,
    run,
    active,
    attaches: shape.kind === "list" || shape.kind === "key",
    lasting,
    send: (content) => {
      const { messages, remembered } = now.current.talk;
      ask([...messages, { type: "human", content }], remembered, false);
    },
    stop: () => store.stop(),
    again: () => {
      const { messages } = now.current.talk;
      ask(askedAgain(messages, lastQuestion(messages)), 0, true);
    },
    edit: (index, content) => ask(askedAgain(now.current.talk.messages, index, content), 0, true),
    clear: () => {
      store.stop();
      store.reset();
      setTalk(EMPTY);
      if (about.threads) configuration.setThread(newId());
    },
  };
}

function asKept(value: unknown): Kept {
  if (typeof value !== "object" || value === null) return EMPTY;
  const { messages, remembered } = value as Record<string, unknown>;
  if (!Array.isArray(messages) || typeof remembered !== "number") return EMPTY;
  return messages.every(isChatMessage) ? { messages, remembered } : EMPTY;
}

function isChatMessage(value: unknown): value is ChatMessage {
  return (
    typeof value === "object" &&
    value !== null &&
    "content" in value &&
    "type" in value &&
    typeof value.type === "string"
  );
}
