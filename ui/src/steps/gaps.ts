import { endOf, parentsOf } from "./rows";
import type { Step } from "./tree";

/** A time in which none of the steps did anything of its own: all that ran waited. */
export interface Gap {
  start: number;
  end: number;
}

/** What is shorter is seen well enough: in milliseconds, and as a share of the whole. */
const LEAST_MS = 1_000;
const LEAST_SHARE = 0.2;

/** How wide a folded gap is, as a share of all that is not folded. */
const FOLDED_SHARE = 0.03;

/** The long gaps between the steps that have no others below them, in their order. */
export function gapsOf(steps: readonly Step[], now: number): Gap[] {
  const parents = parentsOf(steps);
  const busy = steps.filter(({ id }) => !parents.has(id)).sort((a, b) => a.start - b.start);
  const origin = steps[0]?.start ?? 0;
  const end = endOf(steps, now);
  const least = Math.max(LEAST_MS, (end - origin) * LEAST_SHARE);
  const gaps: Gap[] = [];
  let busyUntil = origin;
  for (const step of [...busy, { start: end, end }]) {
    if (step.start - busyUntil >= least) gaps.push({ start: busyUntil, end: step.start });
    busyUntil = Math.max(busyUntil, step.end ?? now);
  }
  return gaps;
}

/** Places of times on the timeline, as shares of its width. */
export interface Scale {
  at: (time: number) => number;
  /** Where the folded gaps are. */
  folds: readonly { from: number; until: number }[];
}

/** The timeline of steps, on which each of these gaps takes next to no room. */
export function scaleOf(origin: number, end: number, gaps: readonly Gap[]): Scale {
  const idle = gaps.reduce((sum, gap) => sum + gap.end - gap.start, 0);
  const busy = Math.max(1, end - origin - idle);
  const folded = busy * FOLDED_SHARE;
  const width = busy + folded * gaps.length;
  const at = (time: number) => {
    let place = time - origin;
    for (const gap of gaps) {
      const within = Math.max(0, Math.min(time, gap.end) - gap.start);
      place -= within - folded * (within / (gap.end - gap.start));
    }
    return Math.max(0, Math.min(1, place / width));
  };
  return {
    at,
    folds: gaps.map(({ start, end: until }) => ({ from: at(start), until: at(until) })),
  };
}
