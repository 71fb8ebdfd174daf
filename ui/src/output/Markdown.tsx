import { lazy, memo, Suspense, useMemo } from "react";
import { splitBlocks } from "./blocks";

// The renderer is most of what this page weighs, and nothing needs it before the first answer.
const MarkdownBlock = lazy(() => import("./MarkdownBlock"));

const Block = memo(function Block({ text }: { text: string }) {
  return (
    <div dir="auto" className="min-w-0">
      <Suspense fallback={<Plain text={text} />}>
        <MarkdownBlock text={text} />
      </Suspense>
    </div>
  );
});

/** A text as markdown. While it grows only its last block is read again. */
export function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => splitBlocks(text), [text]);
  return (
    <div className="flex min-w-0 flex-col gap-3 leading-relaxed">
      {blocks.map((block, position) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks are only appended
        <Block key={position} text={block} />
      ))}
    </div>
  );
}

/** A text as it is. */
export function Plain({ text }: { text: string }) {
  return (
    <p dir="auto" className="whitespace-pre-wrap">
      {text}
    </p>
  );
}
