import type { ReactNode } from "react";
import type { Failure } from "../api";
import { CopyButton, ErrorCard } from "../design";
import type { Step } from "../steps/tree";
import { strings } from "./strings";

export interface FailureCardProps {
  failure: Failure;
  runId?: string | null | undefined;
  /** The step that failed; it may say more than the service says of the run. */
  step?: Pick<Step, "name" | "error"> | null | undefined;
  onRetry?: (() => void) | undefined;
  actions?: ReactNode | undefined;
}

/** Says what went wrong, in the service's words, and how to find it in its log. */
export function FailureCard({
  failure,
  runId = null,
  step = null,
  onRetry,
  actions,
}: FailureCardProps) {
  const { title, detail, retryAfter, fieldErrors } = failure;
  return (
    <ErrorCard
      title={title}
      message={detail === title || fieldErrors.length > 0 ? undefined : detail}
      detail={failure.body ?? undefined}
      onRetry={onRetry}
      actions={
        <>
          <CopyButton label={strings.copyDetails} text={() => detailsOf(failure, runId)} />
          {actions}
        </>
      }
    >
      {fieldErrors.length > 0 && (
        <ul aria-label={strings.fieldErrors} className="list-disc pl-5">
          {fieldErrors.map((error, position) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the list does not change
            <li key={position}>
              {error.loc.length > 0 && <code className="font-mono">{error.loc.join(".")}: </code>}
              {error.msg}
            </li>
          ))}
        </ul>
      )}
      {step !== null && <p>{strings.inStep(step.name, step.error)}</p>}
      {retryAfter !== null && <p>{strings.retryAfter(retryAfter)}</p>}
      <dl className="grid grid-cols-[auto_1fr] gap-x-3 text-xs text-ink-muted">
        {factsOf(failure, runId).map(([name, value]) => (
          <div key={name} className="contents">
            <dt>{name}</dt>
            <dd className="font-mono">{value}</dd>
          </div>
        ))}
      </dl>
    </ErrorCard>
  );
}

function factsOf(failure: Failure, runId: string | null): [string, string][] {
  const facts: [string, string | null][] = [
    [strings.status, failure.status === 0 ? null : String(failure.status)],
    [strings.requestId, failure.requestId],
    [strings.runId, runId],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
}

/** All that is known, as text for whoever is asked for help. */
export function detailsOf(failure: Failure, runId: string | null): string {
  const lines = [failure.title, failure.detail];
  for (const [name, value] of factsOf(failure, runId)) lines.push(`${name}: ${value}`);
  for (const { loc, msg } of failure.fieldErrors) lines.push(`${loc.join(".")}: ${msg}`);
  if (failure.body !== null) lines.push("", failure.body);
  return lines.join("\n");
}
