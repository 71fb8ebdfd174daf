import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from "react";
import { strings } from "../strings";

const KEY = "moorage.divider";
const LEAST = 25;
const MOST = 75;
const MIDDLE = 45;
const STEP = 5;

/** Two columns with a border that can be moved; one below the other where it is narrow. */
export function Columns({ left, right }: { left: ReactNode; right: ReactNode }) {
  const [share, setShare] = useState(stored);
  const frame = useRef<HTMLDivElement>(null);
  const move = (to: number) => {
    const next = Math.round(Math.min(MOST, Math.max(LEAST, to)));
    setShare(next);
    store(next);
  };
  const drag = (event: PointerEvent) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId) || frame.current === null) return;
    const { left: from, width } = frame.current.getBoundingClientRect();
    move(((event.clientX - from) / width) * 100);
  };
  return (
    <div
      ref={frame}
      className="grid gap-4 min-[900px]:grid-cols-[minmax(0,var(--share))_auto_minmax(0,1fr)] min-[900px]:gap-0"
      style={{ "--share": `${share}%` } as React.CSSProperties}
    >
      <div className="min-w-0">{left}</div>
      <hr
        aria-orientation="vertical"
        aria-label={strings.divider}
        aria-valuenow={share}
        aria-valuemin={LEAST}
        aria-valuemax={MOST}
        tabIndex={0}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={drag}
        onDoubleClick={() => move(MIDDLE)}
        onKeyDown={(event) => {
          const to = moved(event, share);
          if (to !== null) {
            event.preventDefault();
            move(to);
          }
        }}
        className="m-0 hidden h-full w-6 cursor-col-resize touch-none border-0 bg-line bg-clip-content px-[11.5px] hover:bg-accent focus-visible:bg-accent min-[900px]:block"
      />
      <div className="min-w-0">{right}</div>
    </div>
  );
}

function moved({ key }: KeyboardEvent, share: number): number | null {
  switch (key) {
    case "ArrowLeft":
      return share - STEP;
    case "ArrowRight":
      return share + STEP;
    case "Home":
      return LEAST;
    case "End":
      return MOST;
    case "Enter":
      return MIDDLE;
    default:
      return null;
  }
}

function stored(): number {
  try {
    const kept = Number(localStorage.getItem(KEY) ?? MIDDLE);
    return kept >= LEAST && kept <= MOST ? kept : MIDDLE;
  } catch {
    return MIDDLE; // Storage is switched off.
  }
}

function store(share: number): void {
  try {
    localStorage.setItem(KEY, String(share));
  } catch {
    // Storage is switched off: the border stays for this visit only.
  }
}
