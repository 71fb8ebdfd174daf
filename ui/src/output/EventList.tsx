// biome-ignore-all lint/a11y/useFocusableInteractive: the list has the focus and names its active option
// biome-ignore-all lint/a11y/useSemanticElements: options of which only those in sight are in the page are laid out by their place

import { type KeyboardEvent, type MouseEvent, useId, useState } from "react";
import { CodeBlock, classes } from "../design";
import type { RawEvent } from "../run/events";
import { duration } from "../steps/time";
import { rowAfter, useRows } from "./rows";
import { strings } from "./strings";

const ROW_HEIGHT = 26;

export interface EventListProps {
  events: readonly RawEvent[];
  /** How many there were, those that are not kept among them. */
  count: number;
}

/** The events of a run as they came, and one of them in full. */
export function EventList({ events, count }: EventListProps) {
  const [chosenIndex, setChosenIndex] = useState<number | null>(null);
  const name = useId();
  const rows = useRows(events.length, ROW_HEIGHT);
  const offset = events[0]?.index ?? 0;
  const chosen = chosenIndex === null ? -1 : chosenIndex - offset;
  const event = events[chosen];
  const choose = (row: number) => {
    setChosenIndex(events[row]?.index ?? null);
    rows.reveal(row);
  };
  const onKeyDown = (pressed: KeyboardEvent) => {
    const next = rowAfter(pressed.key, chosen, events.length);
    if (next === null) return;
    pressed.preventDefault();
    choose(next);
  };
  const onClick = ({ target }: MouseEvent) => {
    if (!(target instanceof Element)) return;
    const row = target.closest<HTMLElement>("[data-row]")?.dataset.row;
    if (row !== undefined) choose(Number(row));
  };
  if (events.length === 0) return <p className="text-ink-muted">{strings.noEvents}</p>;
  return (
    <div className="flex min-w-0 flex-col gap-2">
      {count > events.length && (
        <p className="text-xs text-ink-muted">{strings.eventsDropped(count - events.length)}</p>
      )}
      <div
        ref={rows.ref}
        role="listbox"
        aria-label={strings.events}
        aria-activedescendant={event === undefined ? undefined : `${name}-${event.index}`}
        tabIndex={0}
        onScroll={rows.onScroll}
        onKeyDown={onKeyDown}
        onClick={onClick}
        className="max-h-80 overflow-y-auto rounded-md border border-line font-mono text-xs"
      >
        <div
          role="presentation"
          className="relative"
          style={{ height: events.length * ROW_HEIGHT }}
        >
          {events.slice(rows.first, rows.last).map((one, position) => (
            <Row
              key={one.index}
              id={`${name}-${one.index}`}
              event={one}
              row={rows.first + position}
              count={events.length}
              isChosen={one === event}
            />
          ))}
        </div>
      </div>
      {event !== undefined && (
        <CodeBlock wrap label={strings.event(event.index + 1)} text={pretty(event.data)} />
      )}
    </div>
  );
}

interface RowProps {
  id: string;
  event: RawEvent;
  row: number;
  count: number;
  isChosen: boolean;
}

function Row({ id, event, row, count, isChosen }: RowProps) {
  return (
    <div
      id={id}
      role="option"
      data-row={row}
      aria-selected={isChosen}
      aria-posinset={row + 1}
      aria-setsize={count}
      style={{ top: row * ROW_HEIGHT, height: ROW_HEIGHT }}
      className={classes(
        "absolute inset-x-0 flex cursor-pointer items-center gap-3 px-2",
        isChosen ? "bg-accent-soft shadow-[inset_2px_0_0_var(--accent)]" : "hover:bg-sunken",
      )}
    >
      <span className="w-16 shrink-0 text-right text-ink-muted tabular-nums">
        {duration(event.at)}
      </span>
      <span className="w-16 shrink-0 font-semibold">{event.event}</span>
      <span className="truncate">{event.data?.slice(0, LONGEST_LINE)}</span>
    </div>
  );
}

const LONGEST_LINE = 300;

function pretty(data: string | null): string {
  if (data === null) return "";
  try {
    return JSON.stringify(JSON.parse(data), null, 2);
  } catch {
    return data;
  }
}
