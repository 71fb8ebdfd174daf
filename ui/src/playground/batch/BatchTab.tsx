import { useVirtualizer } from "@tanstack/react-virtual";
import { Download, FileUp, Play, RotateCw, Square } from "lucide-react";
import { type ChangeEvent, type DragEvent, useMemo, useRef, useState } from "react";
import {
  Badge,
  Button,
  Card,
  classes,
  Dialog,
  EmptyState,
  Field,
  LiveRegion,
  Menu,
  Notice,
  Select,
  TextArea,
  TextInput,
  type Tone,
} from "../../design";
import { Output, Raw } from "../../output";
import { duration } from "../../steps/time";
import type { Playground } from "../page/usePlayground";
import { strings } from "../strings";
import { download } from "./download";
import { type BatchFormat, formatOf } from "./inputs";
import { type RowState, tally } from "./pool";
import { asCsv, asJsonLines, type Result } from "./results";
import { strings as words } from "./strings";
import { type BatchRow, useBatch } from "./useBatch";

const LARGEST_FILE = 20_000_000;
const MOST_AT_ONCE = 50;

/** Many inputs at once: from a table or JSON to a table of results. */
export default function BatchTab({ playground }: { playground: Playground }) {
  const { operations } = playground.about;
  const [text, setText] = useState("");
  const [format, setFormat] = useState<BatchFormat | "auto">("auto");
  const [concurrency, setConcurrency] = useState("5");
  const batch = useBatch(playground, text, format === "auto" ? undefined : format);
  const counts = tally(batch.rows);
  const again = counts.failed + counts.stopped;
  const atOnce = Math.min(MOST_AT_ONCE, Math.max(1, Math.round(Number(concurrency)) || 1));
  if (!operations.includes("invoke") && !operations.includes("batch")) {
    return <EmptyState title={strings.tab.batch}>{words.unavailable}</EmptyState>;
  }
  const ready = batch.rows.length - counts.unreadable;
  return (
    <div className="flex flex-col gap-3">
      <Source
        text={text}
        setText={setText}
        disabled={batch.running}
        placeholder={
          text === "" && formatOf("", playground.input.model.field) === "lines"
            ? words.linesPlaceholder
            : words.placeholder
        }
      />
      {batch.problem !== null && <Notice tone="danger">{batch.problem}</Notice>}
      <div className="flex flex-wrap items-center gap-3">
        <Labelled label={words.format}>
          {(id) => (
            <Select
              id={id}
              className="w-auto!"
              value={format}
              disabled={batch.running}
              options={(["auto", "csv", "json", "lines"] as const).map((value) => ({
                value,
                label: words.formats[value],
              }))}
              onValueChange={(value) => setFormat(value as BatchFormat | "auto")}
            />
          )}
        </Labelled>
        <Labelled label={words.concurrency}>
          {(id) => (
            <TextInput
              id={id}
              type="number"
              className="w-16!"
              min={1}
              max={MOST_AT_ONCE}
              value={concurrency}
              disabled={batch.running}
              onChange={(event) => setConcurrency(event.target.value)}
            />
          )}
        </Labelled>
        {batch.rows.length > 0 && (
          <span className="text-ink-muted tabular-nums">
            {words.found(batch.rows.length, words.formats[batch.format])}
            {counts.unreadable > 0 && ` · ${words.unreadable(counts.unreadable)}`}
          </span>
        )}
        <span className="ml-auto flex flex-wrap gap-2">
          {batch.running ? (
            <Button variant="danger" icon={<Square aria-hidden size={14} />} onClick={batch.stop}>
              {words.stop}
            </Button>
          ) : (
            <>
              {again > 0 && (
                <Button
                  icon={<RotateCw aria-hidden size={14} />}
                  onClick={() => batch.retry(atOnce)}
                >
                  {words.retry(again)}
                </Button>
              )}
              <Button
                variant="primary"
                icon={<Play aria-hidden size={14} />}
                disabled={ready === 0}
                onClick={() => batch.start(atOnce)}
              >
                {words.run(ready)}
              </Button>
            </>
          )}
        </span>
      </div>
      <Results rows={batch.rows} running={batch.running} name={playground.about.name} />
      <LiveRegion message={batch.finished ? words.finished(counts.done, counts.failed) : ""} />
    </div>
  );
}

function Labelled({
  label,
  children,
}: {
  label: string;
  children: (id: string) => React.ReactNode;
}) {
  const id = `batch-${label.toLowerCase().replaceAll(" ", "-")}`;
  return (
    <span className="inline-flex items-center gap-2">
      <label htmlFor={id} className="text-ink-muted">
        {label}
      </label>
      {children(id)}
    </span>
  );
}

interface SourceProps {
  text: string;
  setText: (text: string) => void;
  disabled: boolean;
  placeholder: string;
}

function Source({ text, setText, disabled, placeholder }: SourceProps) {
  const [tooLarge, setTooLarge] = useState(false);
  const choose = useRef<HTMLInputElement>(null);
  const read = (file: File | undefined) => {
    if (file === undefined || disabled) return;
    setTooLarge(file.size > LARGEST_FILE);
    if (file.size <= LARGEST_FILE) void file.text().then(setText);
  };
  return (
    <Card
      title={words.source}
      actions={
        <>
          <input
            ref={choose}
            type="file"
            hidden
            accept=".csv,.tsv,.txt,.json,.jsonl,.ndjson,text/*,application/json"
            onChange={(event: ChangeEvent<HTMLInputElement>) => {
              read(event.target.files?.[0]);
              event.target.value = "";
            }}
          />
          <Button
            size="sm"
            icon={<FileUp aria-hidden size={14} />}
            disabled={disabled}
            onClick={() => choose.current?.click()}
          >
            {words.file}
          </Button>
        </>
      }
    >
      <Field
        label={words.sourceLabel}
        description={words.help}
        error={tooLarge ? words.tooLarge : undefined}
      >
        {(control) => (
          <TextArea
            {...control}
            mono
            dir="auto"
            rows={6}
            className="max-h-[40dvh] resize-y whitespace-pre"
            wrap="off"
            spellCheck={false}
            placeholder={placeholder}
            value={text}
            disabled={disabled}
            onChange={(event) => setText(event.target.value)}
            onDrop={(event: DragEvent) => {
              const file = event.dataTransfer.files[0];
              if (file === undefined) return;
              event.preventDefault();
              read(file);
            }}
          />
        )}
      </Field>
    </Card>
  );
}

const ROW_HEIGHT = 34;

function Results({
  rows,
  running,
  name,
}: {
  rows: readonly BatchRow[];
  running: boolean;
  name: string;
}) {
  const [open, setOpen] = useState<number | null>(null);
  const results = useMemo(() => rows.map(resultOf), [rows]);
  const counts = tally(rows);
  const over = counts.done + counts.failed + counts.stopped;
  if (rows.length === 0) return <EmptyState title={words.none}>{words.noneHelp}</EmptyState>;
  const chosen = open === null ? undefined : rows[open];
  return (
    <Card
      title={words.results}
      actions={
        <>
          {(running || over > 0) && (
            <>
              <progress
                aria-label={words.results}
                max={rows.length}
                value={over}
                className="h-2 w-28 overflow-hidden rounded-full accent-accent [&::-webkit-progress-bar]:bg-sunken [&::-webkit-progress-value]:bg-accent"
              />
              <span className="text-xs text-ink-muted tabular-nums">
                {words.progress(over, rows.length)}
              </span>
            </>
          )}
          <Menu
            align="end"
            trigger={
              <Button size="sm" icon={<Download aria-hidden size={14} />} disabled={over === 0}>
                {words.export}
              </Button>
            }
            items={[
              {
                label: words.exportCsv,
                onSelect: () => download(`${name}.csv`, "text/csv", asCsv(results)),
              },
              {
                label: words.exportJson,
                onSelect: () =>
                  download(`${name}.jsonl`, "application/x-ndjson", asJsonLines(results)),
              },
            ]}
          />
        </>
      }
    >
      <Table rows={rows} onOpen={setOpen} />
      <Dialog
        size="lg"
        title={words.details((open ?? 0) + 1)}
        open={chosen !== undefined}
        onOpenChange={(is) => !is && setOpen(null)}
      >
        {chosen !== undefined && <Details row={chosen} />}
      </Dialog>
    </Card>
  );
}

const TONES: Record<RowState, Tone> = {
  waiting: "neutral",
  running: "info",
  done: "success",
  failed: "danger",
  stopped: "warning",
  unreadable: "danger",
};

/** Only the rows in sight are in the page, so ten thousand scroll as ten do. */
function Table({ rows, onOpen }: { rows: readonly BatchRow[]; onOpen: (row: number) => void }) {
  const frame = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const { columns } = words;
  return (
    <section
      ref={frame}
      aria-label={words.results}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      tabIndex={0}
      className="max-h-[60dvh] overflow-y-auto"
    >
      <table aria-rowcount={rows.length + 1} className="w-full table-fixed text-xs">
        <thead className="sticky top-0 bg-surface text-left shadow-[inset_0_-1px_0_var(--line)]">
          <tr className="h-8">
            <th scope="col" className="w-12 font-medium">
              {columns.row}
            </th>
            <th scope="col" className="w-28 font-medium">
              {columns.state}
            </th>
            <th scope="col" className="font-medium">
              {columns.input}
            </th>
            <th scope="col" className={`pl-3 font-medium ${WIDE}`}>
              {columns.output}
            </th>
            <th scope="col" className={`w-20 text-right font-medium ${WIDE}`}>
              {columns.took}
            </th>
          </tr>
        </thead>
        <tbody>
          <Gap height={above} />
          {items.map((item) => {
            const row = rows[item.index];
            return row && <TableRow key={item.key} index={item.index} row={row} onOpen={onOpen} />;
          })}
          <Gap height={below} />
        </tbody>
      </table>
    </section>
  );
}

/** Of a narrow table the last columns are left out; the details of a row have them. */
const WIDE = "max-[600px]:hidden";

function Gap({ height }: { height: number }) {
  return height > 0 ? <tr aria-hidden style={{ height }} /> : null;
}

function TableRow({
  index,
  row,
  onOpen,
}: {
  index: number;
  row: BatchRow;
  onOpen: (row: number) => void;
}) {
  return (
    <tr
      aria-rowindex={index + 2}
      className="border-b border-line hover:bg-sunken"
      style={{ height: ROW_HEIGHT }}
    >
      <td>
        <button
          type="button"
          aria-label={words.open(index + 1)}
          className="min-h-6 min-w-6 rounded text-left text-accent underline tabular-nums"
          onClick={() => onOpen(index)}
        >
          {index + 1}
        </button>
      </td>
      <td>
        <Badge tone={TONES[row.state]}>{words.states[row.state]}</Badge>
      </td>
      <td dir="auto" className="truncate font-mono">
        {brief(row.input)}
      </td>
      <td
        dir="auto"
        className={classes(
          "truncate pl-3 font-mono",
          WIDE,
          row.error !== undefined && "text-danger",
        )}
      >
        {row.error ?? (row.output === undefined ? "" : brief(row.output.output))}
      </td>
      <td className={`text-right tabular-nums ${WIDE}`}>
        {row.took === undefined ? "" : duration(row.took)}
      </td>
    </tr>
  );
}

function Details({ row }: { row: BatchRow }) {
  return (
    <div className="flex flex-col gap-4">
      <section aria-label={words.columns.input} className="flex flex-col gap-1">
        <h3 className="font-semibold">{words.columns.input}</h3>
        <Raw value={row.input} />
      </section>
      {row.error !== undefined && <Notice tone="danger">{row.error}</Notice>}
      {row.output !== undefined && (
        <section aria-label={words.columns.output} className="flex flex-col gap-1">
          <h3 className="font-semibold">{words.columns.output}</h3>
          <Output value={row.output.output} />
          {row.output.runId !== null && (
            <p className="font-mono text-xs text-ink-muted">
              {strings.runId} {row.output.runId}
            </p>
          )}
        </section>
      )}
    </div>
  );
}

function resultOf(row: BatchRow): Result {
  return {
    state: row.state,
    input: row.input,
    output: row.output?.output,
    error: row.error,
    runId: row.output?.runId ?? undefined,
    took: row.took,
  };
}

const BRIEF = 300;

function brief(value: unknown): string {
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.slice(0, BRIEF).replaceAll(/\s+/g, " ");
}
