import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

/** From how many rows on only those in sight are in the page. */
export const WINDOWED_FROM = 200;
const BEYOND = 20;

/** Which of many rows are in sight, and some on both sides: from the first until before the last. */
export function rowsInSight(
  count: number,
  rowHeight: number,
  scrolled: number,
  height: number,
): { first: number; last: number } {
  if (count <= WINDOWED_FROM) return { first: 0, last: count };
  const first = Math.floor(scrolled / rowHeight) - BEYOND;
  const last = Math.ceil((scrolled + height) / rowHeight) + BEYOND;
  return { first: Math.max(0, Math.min(first, count)), last: Math.min(count, Math.max(last, 0)) };
}

export interface Rows {
  /** Of the element that scrolls. */
  ref: RefObject<HTMLDivElement | null>;
  onScroll: () => void;
  first: number;
  last: number;
  /** Scroll until a row is in sight. */
  reveal: (row: number) => void;
}

/** Rows of one height in an element that scrolls; of many only those in sight are to be shown. */
export function useRows(count: number, rowHeight: number): Rows {
  const ref = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ scrolled: 0, height: 0 });
  const onScroll = useCallback(() => {
    const { current } = ref;
    if (current) setPlace({ scrolled: current.scrollTop, height: current.clientHeight });
  }, []);
  useEffect(() => {
    const { current } = ref;
    if (current === null) return;
    const observer = new ResizeObserver(onScroll);
    observer.observe(current);
    return () => observer.disconnect();
  }, [onScroll]);
  const reveal = useCallback(
    (row: number) => {
      const { current } = ref;
      if (current === null) return;
      const top = row * rowHeight;
      const lowest = top + rowHeight - current.clientHeight;
      if (current.scrollTop > top) current.scrollTop = top;
      else if (current.scrollTop < lowest) current.scrollTop = lowest;
    },
    [rowHeight],
  );
  return { ref, onScroll, reveal, ...rowsInSight(count, rowHeight, place.scrolled, place.height) };
}

const PAGE = 10;

/** The row that a key leads to from another; null for a key that leads nowhere. */
export function rowAfter(key: string, row: number, count: number): number | null {
  const steps: Record<string, number> = {
    ArrowDown: row + 1,
    ArrowUp: row - 1,
    PageDown: row + PAGE,
    PageUp: row - PAGE,
    Home: 0,
    End: count - 1,
  };
  const next = steps[key];
  if (next === undefined || count === 0) return null;
  return Math.max(0, Math.min(next, count - 1));
}
