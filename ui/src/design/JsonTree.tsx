import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { strings } from "./strings";

const AT_ONCE = 100;

export interface JsonTreeProps {
  value: unknown;
  /** The name of the tree. */
  label: string;
  /** How many levels are open at first. */
  openLevels?: number | undefined;
}

/** Any JSON value as a tree that opens and closes. Everything in it is shown as text. */
export function JsonTree({ value, label, openLevels = 2 }: JsonTreeProps) {
  return (
    <section aria-label={label} className="font-mono text-xs leading-relaxed">
      <Node value={value} open={openLevels} />
    </section>
  );
}

function Node({ name, value, open }: { name?: string | undefined; value: unknown; open: number }) {
  const entries = entriesOf(value);
  if (entries === null) return <Leaf value={value} name={name} />;
  return <Branch entries={entries} list={Array.isArray(value)} open={open} name={name} />;
}

interface BranchProps {
  name?: string | undefined;
  entries: readonly (readonly [string, unknown])[];
  list: boolean;
  open: number;
}

function Branch({ name, entries, list, open }: BranchProps) {
  const [isOpen, setOpen] = useState(open > 0);
  const [shown, setShown] = useState(AT_ONCE);
  const [before, after] = list ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) {
    return (
      <div className="pl-5">
        <Name name={name} />
        {before}
        {after}
      </div>
    );
  }
  const rest = entries.length - shown;
  return (
    <div>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="inline-flex min-h-6 items-center gap-1 rounded pr-1 text-left hover:bg-sunken"
      >
        <ChevronRight aria-hidden size={14} className={isOpen ? "rotate-90" : ""} />
        <span>
          <Name name={name} />
          {before}
          {!isOpen && `…${after}`}{" "}
          <span className="text-ink-muted">{strings.treeItems(entries.length)}</span>
        </span>
      </button>
      {isOpen && (
        <div className="ml-1.5 border-l border-line pl-3">
          {entries.slice(0, shown).map(([key, value]) => (
            <Node key={key} name={key} value={value} open={open - 1} />
          ))}
          {rest > 0 && (
            <button
              type="button"
              className="min-h-6 pl-5 text-accent underline"
              onClick={() => setShown(shown + AT_ONCE)}
            >
              {strings.treeMore(Math.min(rest, AT_ONCE))}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Leaf({ name, value }: { name?: string | undefined; value: unknown }) {
  const text = value === undefined ? "undefined" : JSON.stringify(value);
  const tone = typeof value === "string" ? "text-success" : "text-accent";
  return (
    <div className="pl-5">
      <Name name={name} />
      <span dir="auto" className={`whitespace-pre-wrap ${tone}`}>
        {text}
      </span>
    </div>
  );
}

function Name({ name }: { name: string | undefined }) {
  return name === undefined ? null : <span className="text-ink-muted">{name}: </span>;
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] | null {
  if (Array.isArray(value)) return value.map((item, index) => [String(index), item] as const);
  if (typeof value === "object" && value !== null) return Object.entries(value);
  return null;
}
