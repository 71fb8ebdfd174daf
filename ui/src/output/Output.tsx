import { useState } from "react";
import { CodeBlock, Disclosure, JsonTree, Segmented } from "../design";
import type { Message } from "../run/messages";
import { Documents } from "./Documents";
import { Growing } from "./growing";
import { Markdown } from "./Markdown";
import { Messages } from "./Messages";
import { Picture } from "./Picture";
import { type Shape, shapeOf } from "./shapes";
import { strings } from "./strings";

export interface OutputProps {
  /** Undefined as long as nothing came out. */
  value: unknown;
  /** A message that is still being written. */
  forming?: Message | null | undefined;
  /** Whether more of it is on its way. */
  streaming?: boolean | undefined;
}

/** A value as its shape suggests. Everything in it is shown as text, whatever it looks like. */
export function Output({ value, forming = null, streaming = false }: OutputProps) {
  const shape = shapeOf(value);
  const isChat = shape.kind === "messages" || shape.kind === "state";
  return (
    <Growing value={streaming}>
      <div className="flex min-w-0 flex-col gap-3">
        <ShapeView shape={shape} forming={forming} />
        {forming !== null && !isChat && <Messages messages={[]} forming={forming} />}
      </div>
    </Growing>
  );
}

function ShapeView({ shape, forming }: { shape: Shape; forming: Message | null }) {
  switch (shape.kind) {
    case "nothing":
      return null;
    case "text":
      return shape.text === "" ? <Note text={strings.empty} /> : <Markdown text={shape.text} />;
    case "scalar":
      return <p className="font-mono text-base">{shape.text}</p>;
    case "messages":
      return <Messages messages={shape.messages} forming={forming} />;
    case "state":
      return (
        <>
          <Messages messages={shape.messages} forming={forming} />
          {Object.keys(shape.rest).length > 0 && (
            <Disclosure summary={strings.rest}>
              <JsonTree label={strings.rest} value={shape.rest} />
            </Disclosure>
          )}
        </>
      );
    case "documents":
      return <Documents documents={shape.documents} />;
    case "image":
      return <Picture address={shape.address} label={strings.output} />;
    case "data":
      return <Data value={shape.value} />;
  }
}

/** An object or a list, as a tree or as JSON. */
function Data({ value }: { value: unknown }) {
  const [view, setView] = useState<"tree" | "json">("tree");
  return (
    <div className="flex flex-col gap-2">
      <Segmented
        label={strings.view}
        value={view}
        onValueChange={setView}
        options={[
          { value: "tree", label: strings.tree },
          { value: "json", label: strings.json },
        ]}
        className="self-end"
      />
      {view === "tree" ? <JsonTree label={strings.output} value={value} /> : <Raw value={value} />}
    </div>
  );
}

/** A value as JSON, with a button that copies it. */
export function Raw({ value }: { value: unknown }) {
  return <CodeBlock label={strings.json} text={JSON.stringify(value, null, 2) ?? ""} />;
}

function Note({ text }: { text: string }) {
  return <p className="text-ink-muted">{text}</p>;
}
