import { CircleCheck, CircleSlash, CircleX } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { CopyButton, Spinner } from "../../design";
import { isActive, type RunSnapshot } from "../../run";
import { duration } from "../../steps/time";
import { whole } from "../numbers";
import { strings } from "../strings";

const ICONS: Partial<Record<RunSnapshot["state"], ReactNode>> = {
  connecting: <Spinner size={14} />,
  running: <Spinner size={14} />,
  done: <CircleCheck aria-hidden size={14} className="text-success" />,
  failed: <CircleX aria-hidden size={14} className="text-danger" />,
  stopped: <CircleSlash aria-hidden size={14} className="text-warning" />,
};

/** How the run stands, how long it took, and what it cost in tokens. */
export function MetaLine({ run }: { run: RunSnapshot }) {
  const elapsed = useElapsed(run);
  const facts = [
    run.firstAfter === null ? null : strings.first(duration(run.firstAfter)),
    run.usage === null ? null : strings.tokens(whole(run.usage.input), whole(run.usage.output)),
    run.chunks > 1 ? strings.chunks(run.chunks) : null,
  ].filter((fact) => fact !== null);
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-1 border-t border-line pt-2 text-xs text-ink-muted tabular-nums">
      <span className="inline-flex items-center gap-1.5 font-medium text-ink">
        {ICONS[run.state]}
        {strings.state[run.state]}
        {elapsed !== null && ` · ${duration(elapsed)}`}
      </span>
      {facts.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
      {run.runId !== null && (
        <span className="ml-auto inline-flex items-center gap-1">
          <span className="font-mono" title={run.runId}>
            {strings.runId} {run.runId.slice(0, 8)}
          </span>
          <CopyButton iconOnly label={strings.copyRunId} text={run.runId} />
        </span>
      )}
    </p>
  );
}

const TICK_MS = 100;

/** How long the run took, or has been going on; counts while it does. */
function useElapsed(run: RunSnapshot): number | null {
  const [now, setNow] = useState(() => performance.now());
  const active = isActive(run.state);
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setNow(performance.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [active]);
  if (run.startedAt === null) return null;
  return run.endedAfter ?? Math.max(0, now - run.origin);
}
