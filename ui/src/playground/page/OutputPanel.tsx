import { useState } from "react";
import { Card, CopyButton, EmptyState, Notice, Segmented, Spinner } from "../../design";
import { FailureCard, Output, Raw } from "../../output";
import { isActive, type RunSnapshot } from "../../run";
import { strings } from "../strings";
import { Feedback } from "./Feedback";
import { MetaLine } from "./MetaLine";
import type { Playground } from "./usePlayground";

type View = "rendered" | "raw" | "events";

/** What came out of the last run, and how. */
export function OutputPanel({ playground }: { playground: Playground }) {
  const { run } = playground;
  const [view, setView] = useState<View>("rendered");
  const active = isActive(run.state);
  return (
    <div className="flex flex-col gap-3">
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
            <Feedback key={run.runId} playground={playground} runId={run.runId} />
          )}
        </div>
      </Card>
    </div>
  );
}

function Shown({ run, view }: { run: RunSnapshot; view: View }) {
  if (run.state === "idle") {
    return <EmptyState title={strings.noOutput}>{strings.noOutputHelp}</EmptyState>;
  }
  if (view === "raw") {
    return run.output === undefined ? <Missing run={run} /> : <Raw value={run.output} />;
  }
  if (run.output === undefined && run.forming === null) return <Missing run={run} />;
  return <Output value={run.output} forming={run.forming} />;
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
