import { lazy, useEffect, useRef, useState } from "react";
import {
  Card,
  CopyButton,
  EmptyState,
  Loading,
  Notice,
  Segmented,
  Skeleton,
  Spinner,
} from "../../design";
import { FailureCard } from "../../output/FailureCard";
import { Output, Raw } from "../../output/Output";
import { isActive, type RunSnapshot } from "../../run";
import { strings } from "../strings";
import { MetaLine } from "./MetaLine";
import type { Playground } from "./usePlayground";
import { useRun } from "./useRun";

const Feedback = lazy(() => import("../feedback/Feedback"));
const EventList = lazy(async () => ({
  default: (await import("../../output/EventList")).EventList,
}));
const Waterfall = lazy(async () => ({
  default: (await import("../../steps/Waterfall")).Waterfall,
}));

type View = "rendered" | "raw" | "events";

/** What came out of the last run, and how. */
export function OutputPanel({ playground }: { playground: Playground }) {
  const run = useRun(playground.store);
  const [view, setView] = useState<View>("rendered");
  const active = isActive(run.state);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Where the output is below the form, it would come out of sight.
    if (active && matchMedia("(width < 900px)").matches) {
      place.current?.scrollIntoView({ block: "start" });
    }
  }, [active]);
  return (
    <div
      ref={place}
      className="flex scroll-mt-2 flex-col gap-3 not-data-idle:max-[899px]:min-h-dvh"
      data-idle={run.state === "idle" || undefined}
    >
      <Card
        title={strings.output}
        actions={
          <>
            {run.output !== undefined && (
              <CopyButton iconOnly label={strings.copyOutput} text={() => textOf(run.output)} />
            )}
            <Segmented
              label={strings.views}
              value={view}
              onValueChange={setView}
              options={(["rendered", "raw", "events"] as const).map((value) => ({
                value,
                label: strings.view[value],
              }))}
            />
          </>
        }
      >
        <div className="flex min-w-0 flex-col gap-3" aria-busy={active}>
          <Shown run={run} view={view} />
          {run.failure !== null && run.state === "failed" && (
            <FailureCard
              failure={run.failure}
              runId={run.runId}
              onRetry={() => playground.start({ anyway: true })}
            />
          )}
          {run.state !== "idle" && <MetaLine run={run} />}
          {run.runId !== null && !active && (
            <Loading fallback={null}>
              <Feedback key={run.runId} playground={playground} runId={run.runId} />
            </Loading>
          )}
        </div>
      </Card>
      {run.state !== "idle" && <Steps run={run} />}
    </div>
  );
}

function Steps({ run }: { run: RunSnapshot }) {
  if (run.steps.length === 0 && run.operation === "stream_events" && !run.hidden) return null;
  return (
    <Card title={strings.steps}>
      {run.steps.length > 0 ? (
        <Loading
          fallback={<Skeleton />}
          failed={<Notice tone="warning">{strings.partFailed}</Notice>}
        >
          <Waterfall steps={run.steps} active={isActive(run.state)} />
        </Loading>
      ) : (
        <p className="text-ink-muted">{run.hidden ? strings.hiddenSteps : strings.noSteps}</p>
      )}
    </Card>
  );
}

function Shown({ run, view }: { run: RunSnapshot; view: View }) {
  if (run.state === "idle") {
    return <EmptyState title={strings.noOutput}>{strings.noOutputHelp}</EmptyState>;
  }
  if (view === "raw") {
    return run.output === undefined ? <Missing run={run} /> : <Raw value={run.output} />;
  }
  if (view === "events") {
    if (run.eventCount === 0) return <p className="text-ink-muted">{strings.noEvents}</p>;
    return (
      <Loading
        fallback={<Skeleton />}
        failed={<Notice tone="warning">{strings.partFailed}</Notice>}
      >
        <EventList events={run.events} count={run.eventCount} />
      </Loading>
    );
  }
  if (run.output === undefined && run.forming === null) return <Missing run={run} />;
  return <Output value={run.output} forming={run.forming} streaming={isActive(run.state)} />;
}

function Missing({ run }: { run: RunSnapshot }) {
  if (isActive(run.state)) {
    return (
      <p className="flex min-h-8 items-center gap-2 text-ink-muted">
        <Spinner />
        {strings.waiting}
      </p>
    );
  }
  if (run.state === "done") return <Notice tone="info">{strings.noOutputCame}</Notice>;
  return null;
}

function textOf(output: unknown): string {
  return typeof output === "string" ? output : (JSON.stringify(output, null, 2) ?? "");
}
