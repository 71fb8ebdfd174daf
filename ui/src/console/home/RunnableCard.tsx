import { Play } from "lucide-react";
import { Badge, buttonClasses, CopyButton, type Tone } from "../../design";
import { curlOf, type Hosted, playgroundOf, type State } from "../overview";
import { strings } from "../strings";

export interface RunnableCardProps {
  runnable: Hosted;
  /** Whether callers need a credential. */
  signsIn: boolean;
  /** Whether its state could not be asked for just now. */
  unknown: boolean;
}

/** One runnable: what it is, what it can be asked, and the ways to it. */
export function RunnableCard({ runnable, signsIn, unknown }: RunnableCardProps) {
  const { name, path, description, operations } = runnable;
  const playground = playgroundOf(runnable);
  return (
    <article className="flex grow flex-col gap-2 rounded-lg border border-line bg-surface p-4">
      <div className="flex flex-wrap items-start gap-2">
        <h2 className="min-w-0 grow text-base font-semibold">{name}</h2>
        <Condition status={unknown ? "unknown" : runnable.state.status} />
      </div>
      <p className="font-mono text-xs text-ink-muted">{path || "/"}</p>
      <p dir="auto" className="line-clamp-3 grow whitespace-pre-line text-ink-muted">
        {description || strings.noDescription}
      </p>
      <Runs state={runnable.state} />
      <ul aria-label={strings.operations} className="flex flex-wrap gap-1">
        {operations
          .filter((operation) => !operation.endsWith("_schema"))
          .map((operation) => (
            <li key={operation}>
              <Badge>{operation}</Badge>
            </li>
          ))}
      </ul>
      <div className="mt-1 flex flex-wrap gap-2">
        {playground !== null && (
          <a
            href={playground}
            aria-label={strings.openNamed(name)}
            className={buttonClasses({ variant: "primary", size: "sm" })}
          >
            <Play aria-hidden size={14} />
            {strings.open}
          </a>
        )}
        {operations.includes("invoke") && (
          <CopyButton text={() => curlOf(runnable, signsIn)} label={strings.copyCurl} />
        )}
      </div>
    </article>
  );
}

type Status = State["status"] | "unknown";

const TONES: Record<Status, Tone> = {
  ready: "success",
  failing: "danger",
  faulty: "danger",
  unready: "warning",
  unknown: "neutral",
};

function Condition({ status }: { status: Status }) {
  return <Badge tone={TONES[status]}>{strings.status[status]}</Badge>;
}

/** What is wrong, and what has been run. */
function Runs({
  state: { reason, running, runs, failed, latest_failure: failure },
}: {
  state: State;
}) {
  return (
    <div className="text-xs text-ink-muted">
      {reason !== null && <p className="text-ink">{reason}</p>}
      <p>
        {strings.runs(runs, running, failed)}
        {failure !== null && (
          <>
            {strings.lastly(failure.code)}
            <time dateTime={failure.at}>{new Date(failure.at).toLocaleString()}</time>
          </>
        )}
      </p>
    </div>
  );
}
