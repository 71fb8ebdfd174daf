import { ArrowLeft } from "lucide-react";
import { Button, classes } from "../../design";
import { duration } from "../../steps/time";
import { whole } from "../numbers";
import { strings } from "../strings";
import { type Change, diffText, diffValues, type TextPart, type ValueChange } from "./diff";
import type { RunRecord } from "./record";
import { strings as own } from "./strings";

const words = own.comparison;

export interface ComparisonProps {
  before: RunRecord;
  after: RunRecord;
  onBack: () => void;
}

/** Two runs side by side: what was sent, what came out, and what differs. */
export default function Comparison({ before, after, onBack }: ComparisonProps) {
  return (
    <div className="flex flex-col gap-4">
      <Button
        size="sm"
        className="self-start"
        icon={<ArrowLeft aria-hidden size={14} />}
        onClick={onBack}
      >
        {own.title}
      </Button>
      <Facts before={before} after={after} />
      {(["input", "config", "output", "error"] as const)
        .filter((part) => part !== "error" || before.error !== null || after.error !== null)
        .map((part) => (
          <section key={part} aria-label={words.parts[part]} className="flex flex-col gap-1">
            <h3 className="font-semibold">{words.parts[part]}</h3>
            <Differences before={before[part]} after={after[part]} />
          </section>
        ))}
    </div>
  );
}

function Facts({ before, after }: Pick<ComparisonProps, "before" | "after">) {
  const facts = (record: RunRecord) => [
    new Date(record.startedAt).toLocaleString(),
    record.method,
    strings.outcome[record.outcome],
    record.durationMs === null ? "" : duration(record.durationMs),
    record.tokensIn === null || record.tokensOut === null
      ? ""
      : strings.tokens(whole(record.tokensIn), whole(record.tokensOut)),
  ];
  return (
    <div className="grid grid-cols-2 gap-3 text-xs">
      {(
        [
          [words.before, before],
          [words.after, after],
        ] as const
      ).map(([name, record]) => (
        <p key={name} className="flex flex-wrap gap-x-3 text-ink-muted">
          <span className="font-semibold text-ink">{name}</span>
          {facts(record)
            .filter((fact) => fact !== "")
            .map((fact) => (
              <span key={fact}>{fact}</span>
            ))}
        </p>
      ))}
    </div>
  );
}

function Differences({ before, after }: { before: unknown; after: unknown }) {
  if (typeof before === "string" && typeof after === "string") {
    return <TextDifference parts={diffText(before, after)} />;
  }
  const changes = diffValues(before, after);
  const different = changes.filter(({ change }) => change !== "same");
  if (different.length === 0) return <p className="text-ink-muted">{words.same}</p>;
  return (
    <div className="flex flex-col gap-2">
      {different.map((change) => (
        <PathDifference key={change.path} change={change} />
      ))}
      {changes.length > different.length && (
        <p className="text-xs text-ink-muted">{words.more(changes.length - different.length)}</p>
      )}
    </div>
  );
}

const TONES: Record<Change, string> = {
  same: "",
  added: "text-success",
  removed: "text-danger",
  changed: "text-accent",
};

function PathDifference({ change: { path, change, before, after } }: { change: ValueChange }) {
  return (
    <div>
      <p className="flex gap-2 text-xs">
        <code className="font-mono font-medium">{path === "" ? words.whole : path}</code>
        <span className={TONES[change]}>{words.change[change]}</span>
      </p>
      <TextDifference
        parts={diffText(
          change === "added" ? "" : asText(before),
          change === "removed" ? "" : asText(after),
        )}
      />
    </div>
  );
}

/** Each side shows its own words; those that only it has are marked, not by colour alone. */
function TextDifference({ parts }: { parts: readonly TextPart[] }) {
  if (parts.every(({ side }) => side === "both")) {
    return <p className="text-ink-muted">{words.same}</p>;
  }
  return (
    <div className="grid gap-3 min-[700px]:grid-cols-2">
      <Side name={words.before} own="before" parts={parts} />
      <Side name={words.after} own="after" parts={parts} />
    </div>
  );
}

function Side({
  name,
  own,
  parts,
}: {
  name: string;
  own: "before" | "after";
  parts: readonly TextPart[];
}) {
  const Mark = own === "before" ? "del" : "ins";
  const shown = parts.filter(({ side }) => side === "both" || side === own);
  return (
    <section
      aria-label={name}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      tabIndex={0}
      className="max-h-80 overflow-auto rounded-md border border-line bg-sunken p-2"
    >
      <p dir="auto" className="font-mono text-xs whitespace-pre-wrap">
        {shown.map((part, place) =>
          part.side === "both" ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts have nothing but their place
            <span key={place}>{part.text}</span>
          ) : (
            <Mark
              // biome-ignore lint/suspicious/noArrayIndexKey: as above
              key={place}
              className={classes(
                "rounded-xs",
                own === "before"
                  ? "bg-danger-soft text-danger line-through"
                  : "bg-success-soft text-success underline",
              )}
            >
              {part.text}
            </Mark>
          ),
        )}
      </p>
    </section>
  );
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}
