import { type ReactNode, useEffect, useRef } from "react";
import { classes } from "../design";

const NEAR = 24;

export interface FollowEndProps {
  /** The name of the part, since it can be scrolled by keyboard. */
  label: string;
  children: ReactNode;
  className?: string | undefined;
}

/** A part that scrolls; it stays at its end while it grows, unless the reader has scrolled up. */
export function FollowEnd({ label, children, className }: FollowEndProps) {
  const outer = useRef<HTMLElement>(null);
  const inner = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const onScroll = () => {
    const { current } = outer;
    if (current) follows.current = isAtEnd(current);
  };
  useEffect(() => {
    const { current } = outer;
    if (current === null || inner.current === null) return;
    const observer = new ResizeObserver(() => {
      if (follows.current) current.scrollTop = current.scrollHeight;
    });
    observer.observe(inner.current);
    return () => observer.disconnect();
  }, []);
  return (
    <section
      ref={outer}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      tabIndex={0}
      onScroll={onScroll}
      className={classes("overflow-y-auto", className)}
    >
      <div ref={inner}>{children}</div>
    </section>
  );
}

function isAtEnd(element: HTMLElement): boolean {
  return element.scrollHeight - element.scrollTop - element.clientHeight <= NEAR;
}
