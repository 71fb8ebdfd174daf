import {
  createContext,
  lazy,
  memo,
  type RefObject,
  useCallback,
  useContext,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { Loading } from "../design";
import { splitBlocks } from "./blocks";

// The renderer is most of what this page weighs, and nothing needs it before the first answer.
const MarkdownBlock = lazy(() => import("./MarkdownBlock"));

/** Whether what is inside is still growing. */
export const Growing = createContext(false);

const Block = memo(function Block({ text }: { text: string }) {
  const ref = useRef<HTMLDivElement>(null);
  const shown = useUnlessSelected(text, ref);
  return (
    <div ref={ref} dir="auto" className="min-w-0">
      <Loading fallback={<Plain text={shown} />}>
        <MarkdownBlock text={shown} />
      </Loading>
    </div>
  );
});

/**
 * The text, or while it grows and something of it is selected, what it was when that began: to
 * change the text would take the selection away.
 */
function useUnlessSelected(text: string, ref: RefObject<HTMLElement | null>): string {
  const isGrowing = useContext(Growing);
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
