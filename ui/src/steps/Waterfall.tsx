// biome-ignore-all lint/a11y/useSemanticElements: rows of which only those in sight are in the page are laid out by their place, which a table does not do
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names its active row

import {
  Braces,
  ChevronRight,
  CircleSlash,
  CircleX,
  Link2,
  type LucideIcon,
  MessageSquareText,
  Search,
  Sparkles,
  Wrench,
} from "lucide-react";
import {
  type KeyboardEvent,
  type MouseEvent,
  memo,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";
import { Checkbox, classes } from "../design";
import { rowAfter, useRows } from "../output/rows";
import { type Gap, gapsOf, type Scale, scaleOf } from "./gaps";
import { endOf, parentsOf, shownSteps } from "./rows";
import { StepDetails } from "./StepDetails";
import { strings } from "./strings";
import { duration } from "./time";
import type { Step, StepKind } from "./tree";

const ROW_HEIGHT = 28;
const TICK_MS = 100;
const COLUMNS = "grid grid-cols-[minmax(9rem,2fr)_minmax(3rem,3fr)_4rem] items-center gap-2 px-1";

export interface WaterfallProps {
  steps: readonly Step[];
  /** Whether the run goes on, and with it the clock. */
  active: boolean;
}

/**
 * The steps of a run, each a bar in its time, and what went in and out of the one that is chosen.
 *
 * Arrows go from step to step, left and right fold and unfold. Of many steps only those in sight
 * are in the page. Long times in which no step did anything are folded until somebody wants them.
 */
export function Waterfall({ steps, active }: WaterfallProps) {
  const sample = useSample(steps, active);
  return <Chart steps={sample.steps} now={sample.now} />;
}

interface ChartProps {
  steps: readonly Step[];
  now: number;
}

const Chart = memo(function Chart({ steps, now }: ChartProps) {
  const origin = steps[0]?.start ?? 0;
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [foldsGaps, setFoldsGaps] = useState(true);
  const [chosenId, setChosenId] = useState<string | null>(null);
  const name = useId();
  const parents = useMemo(() => parentsOf(steps), [steps]);
  const shown = useMemo(() => shownSteps(steps, folded), [steps, folded]);
  const rows = useRows(shown.length, ROW_HEIGHT);
  const chosen = shown.findIndex((step) => step.id === chosenId);
  const end = endOf(steps, now);
  const gaps = useMemo(() => gapsOf(steps, now), [steps, now]);
  const scale = scaleOf(origin, end, foldsGaps ? gaps : []);

  const choose = (row: number) => {
    setChosenId(shown[row]?.id ?? null);
    rows.reveal(row);
  };
  const fold = (step: Step, isFolded: boolean) => {
    const next = new Set(folded);
    if (isFolded) next.add(step.id);
    else next.delete(step.id);
    setFolded(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = shown[chosen];
    const next =
      step === undefined ? firstRow(event.key) : rowAfter(event.key, chosen, shown.length);
    if (next !== null) choose(next);
    else if (step === undefined) return;
    else if (event.key === "ArrowRight") unfoldOrEnter(step);
    else if (event.key === "ArrowLeft") foldOrLeave(step);
    else if (event.key === "Enter" || event.key === " ") fold(step, !folded.has(step.id));
    else return;
    event.preventDefault();
  };
  const unfoldOrEnter = (step: Step) => {
    if (!parents.has(step.id)) return;
    if (folded.has(step.id)) fold(step, false);
    else choose(chosen + 1);
  };
  const foldOrLeave = (step: Step) => {
    if (parents.has(step.id) && !folded.has(step.id)) fold(step, true);
    else
      choose(
        Math.max(
          0,
          shown.findIndex(({ id }) => id === step.parent),
        ),
      );
  };
  const onClick = (event: MouseEvent) => {
    if (!(event.target instanceof Element)) return;
    const row = event.target.closest<HTMLElement>("[data-row]")?.dataset.row;
    const step = row === undefined ? undefined : shown[Number(row)];
    if (step === undefined) return;
    setChosenId(step.id);
    if (event.target.closest("[data-fold]")) fold(step, !folded.has(step.id));
  };

  const step = shown[chosen];
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {gaps.length > 0 && (
        <Checkbox
          className="self-start text-xs"
          label={strings.foldGaps(gaps.length, duration(lengthOf(gaps)))}
          checked={foldsGaps}
          onCheckedChange={setFoldsGaps}
        />
      )}
      <div
        ref={rows.ref}
        role="treegrid"
        aria-label={strings.steps}
        aria-rowcount={shown.length + 1}
        aria-activedescendant={step === undefined ? undefined : `${name}-${step.id}`}
        tabIndex={0}
        onScroll={rows.onScroll}
        onKeyDown={onKeyDown}
        onClick={onClick}
        className="max-h-80 overflow-y-auto rounded-md border border-line text-xs"
      >
        <Header total={end - origin} />
        <div role="rowgroup" className="relative" style={{ height: shown.length * ROW_HEIGHT }}>
          {shown.slice(rows.first, rows.last).map((one, position) => (
            <Row
              key={one.id}
              id={`${name}-${one.id}`}
              step={one}
              row={rows.first + position}
              isFolded={parents.has(one.id) ? folded.has(one.id) : null}
              isChosen={one.id === chosenId}
              from={scale.at(one.start)}
              until={scale.at(one.end ?? now)}
              folds={scale.folds}
              time={duration((one.end ?? now) - one.start)}
              began={duration(one.start - origin)}
            />
          ))}
        </div>
      </div>
      {step === undefined ? (
        <p className="text-xs text-ink-muted">{strings.none}</p>
      ) : (
        <StepDetails key={step.id} step={step} steps={steps} origin={origin} now={now} />
      )}
    </div>
  );
});

function lengthOf(gaps: readonly Gap[]): number {
  return gaps.reduce((sum, gap) => sum + gap.end - gap.start, 0);
}

function firstRow(key: string): number | null {
  return key.startsWith("Arrow") || key === "Home" ? 0 : null;
}

function Header({ total }: { total: number }) {
  return (
    <div role="rowgroup" className="sticky top-0 z-10 border-b border-line bg-sunken">
      <div role="row" className={classes(COLUMNS, "h-7 text-ink-muted")}>
        <span role="columnheader">{strings.columns.step}</span>
        <span role="columnheader" className="flex justify-between">
          {strings.columns.timeline}
          <span className="tabular-nums">{duration(total)}</span>
        </span>
        <span role="columnheader" className="text-right">
          {strings.columns.time}
        </span>
      </div>
    </div>
  );
}

interface RowProps {
  id: string;
  step: Step;
  row: number;
  /** Null for a step with nothing below it. */
  isFolded: boolean | null;
  isChosen: boolean;
  from: number;
  until: number;
  folds: Scale["folds"];
  time: string;
  began: string;
}

function Row({ id, step, row, isFolded, isChosen, from, until, folds, time, began }: RowProps) {
  return (
    <div
      id={id}
      role="row"
      data-row={row}
      aria-rowindex={row + 2}
      aria-level={step.depth + 1}
      aria-selected={isChosen}
      aria-expanded={isFolded === null ? undefined : !isFolded}
      style={{ top: row * ROW_HEIGHT, height: ROW_HEIGHT }}
      className={classes(
        COLUMNS,
        "absolute inset-x-0 cursor-pointer",
        isChosen ? "bg-accent-soft shadow-[inset_2px_0_0_var(--accent)]" : "hover:bg-sunken",
      )}
    >
      <span
        role="gridcell"
        className="flex min-w-0 items-center gap-1"
        style={{ paddingLeft: Math.min(step.depth, 8) * 12 }}
      >
        <Fold isFolded={isFolded} />
        <Kind kind={step.kind} />
        <span className="truncate" title={step.name}>
          {step.name}
        </span>
        <Mark step={step} />
      </span>
      <span role="gridcell" className="relative h-3">
        <span className="sr-only">{strings.began(began)}</span>
        <span
          aria-hidden
          className={classes("absolute inset-y-0 min-w-0.5 rounded-sm", colourOf(step, isFolded))}
          style={{ left: percent(from), width: percent(until - from) }}
        />
        {folds.map((fold) => (
          <span
            key={fold.from}
            aria-hidden
            className="absolute -inset-y-1 border-x border-dashed border-line-strong bg-surface"
            style={{ left: percent(fold.from), width: percent(fold.until - fold.from) }}
          />
        ))}
      </span>
      <span role="gridcell" className="text-right tabular-nums">
        {time}
      </span>
    </div>
  );
}

function Fold({ isFolded }: { isFolded: boolean | null }) {
  if (isFolded === null) return <span aria-hidden className="w-6 shrink-0" />;
  return (
    <span
      aria-hidden
      data-fold
      className="flex h-6 w-6 shrink-0 items-center justify-center rounded hover:bg-line"
    >
      <ChevronRight size={14} className={isFolded ? "" : "rotate-90"} />
    </span>
  );
}

const ICONS: Record<StepKind, LucideIcon> = {
  chain: Link2,
  model: Sparkles,
  tool: Wrench,
  retriever: Search,
  prompt: MessageSquareText,
  parser: Braces,
};

function Kind({ kind }: { kind: StepKind }) {
  const Icon = ICONS[kind];
  return (
    <>
      <Icon aria-hidden size={13} className="shrink-0 text-ink-muted" />
      <span className="sr-only">{strings.kinds[kind]}</span>
    </>
  );
}

/** How a step stands, where it is not simply done. */
function Mark({ step }: { step: Step }) {
  if (step.state === "done") return null;
  return (
    <span className="inline-flex shrink-0 items-center gap-1 text-ink-muted">
      {step.state === "failed" && <CircleX aria-hidden size={13} className="text-danger" />}
      {step.state === "unfinished" && <CircleSlash aria-hidden size={13} />}
      {strings.states[step.state]}
    </span>
  );
}

/** Steps with others below them are pale, so that the time spent in none of those is seen. */
function colourOf(step: Step, isFolded: boolean | null): string {
  if (step.state === "failed") return "bg-danger";
  if (step.state === "unfinished") return "bg-line-strong";
  return isFolded === false ? "bg-line-strong opacity-60" : "bg-accent";
}

function percent(share: number): string {
  return `${Math.max(0, Math.min(1, share)) * 100}%`;
}

/**
 * The steps and the clock as they are to be shown: while the run goes on, as they were at the last
 * tick, since steps change with every token.
 */
function useSample(steps: readonly Step[], active: boolean) {
  const latest = useRef(steps);
  const [sample, setSample] = useState(() => ({ steps, now: performance.now() }));
  useEffect(() => {
    latest.current = steps;
  }, [steps]);
  useEffect(() => {
    if (!active) return;
    const tick = () => setSample({ steps: latest.current, now: performance.now() });
    const timer = setInterval(tick, TICK_MS);
    return () => clearInterval(timer);
  }, [active]);
  const isOfThisRun = sample.steps[0]?.id === steps[0]?.id;
  return active && isOfThisRun ? sample : { steps, now: sample.now };
}
