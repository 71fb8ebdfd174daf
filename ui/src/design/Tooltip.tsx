import { Slot } from "radix-ui";
import {
  type PointerEvent,
  type ReactElement,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { createPortal } from "react-dom";

const SHOWN_AFTER_MS = 400;
const HIDDEN_AFTER_MS = 120;
const GAP = 4;

export interface TooltipProps {
  label: string;
  children: ReactElement;
}

/**
 * Shows the name of a control that has only an icon, on hover and focus. The control carries the
 * name itself; this is for eyes. Escape hides it, and the pointer may move onto it.
 */
export function Tooltip({ label, children }: TooltipProps) {
  const [target, setTarget] = useState<Element | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const later = (ms: number, next: Element | null) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setTarget(next), ms);
  };
  const now = (next: Element | null) => {
    clearTimeout(timer.current);
    setTarget(next);
  };
  const enter = (event: PointerEvent) => {
    if (event.pointerType !== "touch") later(SHOWN_AFTER_MS, event.currentTarget);
  };
  return (
    <>
      <Slot.Root
        onPointerEnter={enter}
        onPointerLeave={() => later(HIDDEN_AFTER_MS, null)}
        onPointerDown={() => now(null)}
        onFocus={(event) => {
          if (event.currentTarget.matches(":focus-visible")) now(event.currentTarget);
        }}
        onBlur={() => now(null)}
      >
        {children}
      </Slot.Root>
      {target !== null && (
        <Bubble
          label={label}
          target={target}
          keep={() => clearTimeout(timer.current)}
          hide={() => now(null)}
        />
      )}
    </>
  );
}

interface BubbleProps {
  label: string;
  target: Element;
  keep: () => void;
  hide: () => void;
}

function Bubble({ label, target, keep, hide }: BubbleProps) {
  const bubble = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    if (bubble.current === null) return;
    const around = target.getBoundingClientRect();
    const own = bubble.current.getBoundingClientRect();
    const left = around.left + (around.width - own.width) / 2;
    const above = around.top - own.height - GAP;
    const most = document.documentElement.clientWidth - own.width - GAP;
    bubble.current.style.left = `${Math.max(GAP, Math.min(left, most))}px`;
    bubble.current.style.top = `${above < 0 ? around.bottom + GAP : above}px`;
  }, [target]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") hide();
    };
    addEventListener("keydown", onKey);
    addEventListener("scroll", hide, true);
    return () => {
      removeEventListener("keydown", onKey);
      removeEventListener("scroll", hide, true);
    };
  }, [hide]);
  return createPortal(
    <span
      ref={bubble}
      role="tooltip"
      onPointerEnter={keep}
      onPointerLeave={hide}
      className="fixed top-0 left-0 z-50 max-w-72 rounded bg-ink px-2 py-1 text-xs text-canvas shadow-raised"
    >
      {label}
    </span>,
    document.body,
  );
}
