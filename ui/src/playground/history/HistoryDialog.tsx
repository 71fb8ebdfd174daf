import { GitCompare, Trash2, Undo2 } from "lucide-react";
import { lazy, useCallback, useState } from "react";
import {
  Badge,
  Button,
  Dialog,
  EmptyState,
  IconButton,
  Loading,
  Notice,
  Skeleton,
  useToast,
} from "../../design";
import { duration } from "../../steps/time";
import { whole } from "../numbers";
import type { Playground } from "../page/usePlayground";
import { useResource } from "../page/useResource";
import { strings } from "../strings";
import type { RunRecord } from "./record";
import { strings as words } from "./strings";

export interface HistoryDialogProps {
  playground: Playground;
  onClose: () => void;
}

const Comparison = lazy(() => import("./Comparison"));

/** The last runs: to look at, to run again, and to compare. */
export default function HistoryDialog({ playground, onClose }: HistoryDialogProps) {
  return (
    <Dialog
      open
      size="lg"
      title={words.title}
      description={words.help}
      onOpenChange={(open) => !open && onClose()}
    >
      <Runs playground={playground} onClose={onClose} />
    </Dialog>
  );
}

function Runs({ playground, onClose }: HistoryDialogProps) {
  const { history, replay } = playground;
  const runs = useResource(useCallback(() => history.list(), [history]));
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [comparing, setComparing] = useState(false);
  const toast = useToast();
  if (runs.failure !== null) {
    return <Notice tone="warning">{words.failed(runs.failure.detail)}</Notice>;
  }
  if (runs.value === undefined) return <Skeleton lines={5} />;
  if (runs.value.length === 0) {
    return <EmptyState title={words.empty}>{words.emptyHelp}</EmptyState>;
  }
  const pair = runs.value
    .filter((record) => chosen.includes(record.id))
    .sort((one, other) => one.startedAt - other.startedAt);
  const [before, after] = pair;
  if (comparing && before !== undefined && after !== undefined) {
    return (
      <Loading
        fallback={<Skeleton lines={6} />}
        failed={<Notice tone="warning">{strings.partFailed}</Notice>}
      >
        <Comparison before={before} after={after} onBack={() => setComparing(false)} />
      </Loading>
    );
  }
  const change = (done: Promise<void>) => {
    done.then(runs.reload, (thrown: unknown) =>
      toast(words.failed(thrown instanceof Error ? thrown.message : String(thrown)), "danger"),
    );
  };
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <Button
          icon={<GitCompare aria-hidden size={14} />}
          disabled={pair.length !== 2}
          onClick={() => setComparing(true)}
        >
          {words.compare}
        </Button>
        <span className="text-xs text-ink-muted">{words.compareHelp}</span>
        <Clear count={runs.value.length} onClear={() => change(history.clear())} />
      </div>
      <ul className="flex flex-col divide-y divide-line">
        {runs.value.map((record) => (
          <Entry
            key={record.id}
            record={record}
            chosen={chosen.includes(record.id)}
            onChoose={(on) =>
              setChosen((ids) =>
                [...ids.filter((id) => id !== record.id), ...(on ? [record.id] : [])].slice(-2),
              )
            }
            onReplay={() => {
              replay(record);
              toast(words.replayed, "success");
              onClose();
            }}
            onRemove={() => change(history.remove(record.id))}
          />
        ))}
      </ul>
    </div>
  );
}

/** Asks before it deletes: there is no way back. */
function Clear({ count, onClear }: { count: number; onClear: () => void }) {
  const [asks, setAsks] = useState(false);
  const clear = () => {
    if (asks) onClear();
    setAsks(!asks);
  };
  return (
    <Button
      variant={asks ? "danger" : "ghost"}
      className="ml-auto"
      icon={<Trash2 aria-hidden size={14} />}
      onClick={clear}
      onBlur={() => setAsks(false)}
    >
      {asks ? words.clearSure(count) : words.clear}
    </Button>
  );
}

const TONES = { finished: "success", failed: "danger", stopped: "warning" } as const;

interface EntryProps {
  record: RunRecord;
  chosen: boolean;
  onChoose: (chosen: boolean) => void;
  onReplay: () => void;
  onRemove: () => void;
}

function Entry({ record, chosen, onChoose, onReplay, onRemove }: EntryProps) {
  const when = new Date(record.startedAt).toLocaleString();
  const facts = [
    record.method,
    record.durationMs === null ? null : duration(record.durationMs),
    record.tokensIn === null || record.tokensOut === null
      ? null
      : strings.tokens(whole(record.tokensIn), whole(record.tokensOut)),
  ].filter((fact) => fact !== null);
  return (
    <li className="flex items-center gap-3 py-2">
      <input
        type="checkbox"
        aria-label={words.choose(when)}
        checked={chosen}
        onChange={(event) => onChoose(event.target.checked)}
        className="size-6 shrink-0 accent-accent"
      />
      <div className="min-w-0 grow">
        <p className="flex flex-wrap items-center gap-x-3 text-xs text-ink-muted">
          <time dateTime={new Date(record.startedAt).toISOString()}>{when}</time>
          <Badge tone={TONES[record.outcome]}>{strings.outcome[record.outcome]}</Badge>
          {facts.map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </p>
        <p dir="auto" className="truncate font-mono text-xs">
          {brief(record.input)}
        </p>
        <p dir="auto" className="truncate font-mono text-xs text-ink-muted">
          →{" "}
          {record.error ??
            (record.cut.includes("output") ? words.cut.output : brief(record.output))}
        </p>
      </div>
      <IconButton
        label={words.replay}
        icon={<Undo2 aria-hidden size={15} />}
        disabled={record.cut.includes("input")}
        onClick={onReplay}
      />
      <IconButton label={words.remove} icon={<Trash2 aria-hidden size={15} />} onClick={onRemove} />
    </li>
  );
}

const BRIEF = 300;

function brief(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.slice(0, BRIEF);
}
