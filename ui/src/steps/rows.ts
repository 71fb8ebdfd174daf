import type { Step } from "./tree";

/** The steps that are seen when those below some are folded away. */
export function shownSteps(steps: readonly Step[], folded: ReadonlySet<string>): Step[] {
  const shown: Step[] = [];
  let hiddenBelow = Number.POSITIVE_INFINITY;
  for (const step of steps) {
    if (step.depth > hiddenBelow) continue;
    shown.push(step);
    hiddenBelow = folded.has(step.id) ? step.depth : Number.POSITIVE_INFINITY;
  }
  return shown;
}

/** The ids of the steps that have others below them. */
export function parentsOf(steps: readonly Step[]): ReadonlySet<string> {
  return new Set(steps.flatMap(({ parent }) => (parent === null ? [] : [parent])));
}

/** When the last of some steps ended, or `now` while one of them runs. */
export function endOf(steps: readonly Step[], now: number): number {
  return steps.reduce((latest, step) => Math.max(latest, step.end ?? now), 0);
}

/** How long a step ran while none of those right below it did; null for one that has none. */
export function idleOf(step: Step, steps: readonly Step[], now: number): number | null {
  const below = steps.filter(({ parent }) => parent === step.id);
  if (below.length === 0) return null;
  const end = step.end ?? now;
  let idle = 0;
  let busyUntil = step.start;
  for (const child of below.sort((a, b) => a.start - b.start)) {
    idle += Math.max(0, Math.min(child.start, end) - busyUntil);
    busyUntil = Math.max(busyUntil, child.end ?? now);
  }
  return idle + Math.max(0, end - busyUntil);
}
