import {
  lazy,
  memo,
  type RefObject,
  useCallback,
  useContext,
  useDeferredValue,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { Loading } from "../design";
import { splitBlocks } from "./blocks";
import { Growing } from "./growing";

// The renderer is most of what this page weighs, and nothing needs it before the first answer.
const MarkdownBlock = lazy(() => import("./MarkdownBlock"));

/** One block; `last` says that more of it may come, while others wait for nothing. */
const Block = memo(function Block({ text, last }: { text: string; last: boolean }) {
  const ref = useRef<HTMLDivElement>(null);
  const isGrowing = useContext(Growing);
  const shown = useUnlessSelected(text, ref, isGrowing);
  return (
    <div ref={ref} dir="auto" className="min-w-0">
      <Growing value={isGrowing && last}>
        <Loading fallback={<Plain text={shown} />}>
          <MarkdownBlock text={shown} />
        </Loading>
      </Growing>
    </div>
  );
});

/**
 * The text, or while it grows and something of it is selected, what it was when that began: to
 * change the text would take the selection away.
 */
function useUnlessSelected(
  text: string,
  ref: RefObject<HTMLElement | null>,
  isGrowing: boolean,
): string {
  const [kept, setKept] = useState(text);
  const isHeld = useSyncExternalStore(
    useCallback((listener) => onSelection(listener, isGrowing), [isGrowing]),
    () => isGrowing && isSelectedIn(ref.current),
  );
  if (!isHeld && kept !== text) setKept(text);
  return isHeld ? kept : text;
}

function onSelection(listener: () => void, isGrowing: boolean): () => void {
  if (!isGrowing) return () => undefined;
  document.addEventListener("selectionchange", listener);
  return () => document.removeEventListener("selectionchange", listener);
}

function isSelectedIn(element: HTMLElement | null): boolean {
  const selection = document.getSelection();
  if (element === null || selection === null || selection.isCollapsed) return false;
  return selection.getRangeAt(0).intersectsNode(element);
}

/**
 * A text as markdown. While it grows only its last block is read again, and when much comes at once
 * the page stays of use while that is read.
 */
export function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => splitBlocks(text), [text]);
  const shown = useDeferredValue(blocks);
  return (
    <div className="flex min-w-0 flex-col gap-3 leading-relaxed">
      {shown.map((block, position) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks are only appended
        <Block key={position} text={block} last={position === shown.length - 1} />
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
