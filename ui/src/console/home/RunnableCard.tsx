import { Play } from "lucide-react";
import { Badge, buttonClasses, CopyButton } from "../../design";
import { curlOf, type Hosted, playgroundOf } from "../overview";
import { strings } from "../strings";

export interface RunnableCardProps {
  runnable: Hosted;
  /** Whether callers need a credential. */
  signsIn: boolean;
}

/** One runnable: what it is, what it can be asked, and the ways to it. */
export function RunnableCard({ runnable, signsIn }: RunnableCardProps) {
  const { name, path, description, operations } = runnable;
  const playground = playgroundOf(runnable);
  return (
    <article className="flex grow flex-col gap-2 rounded-lg border border-line bg-surface p-4">
      <h2 className="text-base font-semibold">{name}</h2>
      <p className="font-mono text-xs text-ink-muted">{path || "/"}</p>
      <p dir="auto" className="line-clamp-3 grow whitespace-pre-line text-ink-muted">
        {description || strings.noDescription}
      </p>
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
