import { ArrowDown, ArrowUp, Plus, Trash2 } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Button, Checkbox, IconButton, LiveRegion, Select, TextInput } from "../design";
import {
  empty,
  equal,
  type ListField,
  type MapEntry,
  type MapField,
  type Option,
  type TupleField,
  type Value,
} from "../schema";
import { fieldId, useForm } from "./context";
import { type FieldProps, FieldView } from "./FieldView";
import { strings } from "./strings";

/**
 * Names for the rows of a list that stay with their rows when these move.
 *
 * A list that was replaced as a whole gets new names.
 */
function useRowKeys(length: number) {
  const next = useRef(0);
  const keys = useRef<number[]>([]);
  while (keys.current.length < length) keys.current.push(next.current++);
  keys.current.length = length;
  return {
    keys: keys.current,
    remove: (index: number) => keys.current.splice(index, 1),
    move: (from: number, to: number) => moveIn(keys.current, from, to),
  };
}

function moveIn<Item>(items: Item[], from: number, to: number): void {
  items.splice(to, 0, ...items.splice(from, 1));
}

export interface RowsProps<Item> {
  title: string;
  id: string;
  items: readonly Item[];
  /** What a row is called. */
  nameOf: (index: number) => string;
  onItems: (items: Item[]) => void;
  make?: (() => Item) | undefined;
  most?: number | undefined;
  row: (item: Item, index: number, actions: React.ReactNode) => React.ReactNode;
  addLabel?: string | undefined;
  /** Leaves the button that removes a row to the row itself. */
  keeps?: boolean | undefined;
  disabled: boolean;
}

/** Rows that are added, removed and moved, by buttons or with Alt and the arrow keys. */
export function Rows<Item>(props: RowsProps<Item>) {
  const { title, id, items, nameOf, onItems, make, most, row, disabled } = props;
  const { keys, remove, move } = useRowKeys(items.length);
  const [said, say] = useState("");
  const place = useRef<HTMLDivElement>(null);
  const removed = useRef(false);
  // The button that adds cannot have the focus as long as the list is full.
  useEffect(() => {
    const add = place.current?.querySelector<HTMLButtonElement>("[data-add]:enabled");
    if (!removed.current || !add) return;
    removed.current = false;
    add.focus();
  });
  const shift = (from: number, to: number) => {
    if (disabled || to < 0 || to >= items.length) return;
    const moved = [...items];
    moveIn(moved, from, to);
    move(from, to);
    say(strings.moved(nameOf(from), to + 1));
    onItems(moved);
  };
  const drop = (index: number) => {
    remove(index);
    say(strings.removed(nameOf(index)));
    onItems(items.filter((_, at) => at !== index));
    removed.current = true;
  };
  const keyed = (index: number) => (event: KeyboardEvent) => {
    if (!event.altKey || event.defaultPrevented) return;
    const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (step === 0) return;
    event.preventDefault();
    shift(index, index + step);
  };
  const isFull = most !== undefined && items.length >= most;
  return (
    <div ref={place} id={`${id}-rows`} className="flex flex-col gap-2">
      {items.length === 0 && <p className="text-ink-muted">{strings.none}</p>}
      {items.map((item, index) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: a short cut; there are buttons too
        <div key={keys[index]} onKeyDown={keyed(index)}>
          {row(
            item,
            index,
            disabled ? null : (
              <>
                <IconButton
                  size="sm"
                  label={strings.up(nameOf(index))}
                  icon={<ArrowUp aria-hidden size={14} />}
                  disabled={index === 0}
                  onClick={() => shift(index, index - 1)}
                />
                <IconButton
                  size="sm"
                  label={strings.down(nameOf(index))}
                  icon={<ArrowDown aria-hidden size={14} />}
                  disabled={index === items.length - 1}
                  onClick={() => shift(index, index + 1)}
                />
                {props.keeps !== true && (
                  <IconButton
                    size="sm"
                    label={strings.remove(nameOf(index))}
                    icon={<Trash2 aria-hidden size={14} />}
                    onClick={() => drop(index)}
                  />
                )}
              </>
            ),
          )}
        </div>
      ))}
      {make !== undefined && (
        <Button
          data-add
          size="sm"
          className="self-start"
          icon={<Plus aria-hidden size={14} />}
          aria-label={props.addLabel ?? strings.addTo(title)}
          disabled={isFull}
          onClick={() => {
            say(strings.added(nameOf(items.length)));
            onItems([...items, make()]);
          }}
        >
          {props.addLabel ?? strings.add}
        </Button>
      )}
      <LiveRegion message={said} />
    </div>
  );
}

export function ListControl({ field, value, path, onChange }: FieldProps<ListField>) {
  const { prefix, disabled } = useForm();
  const items = value.is === "list" ? value.items : [];
  const set = (next: readonly Value[]) => onChange({ is: "list", items: next });
  if (field.selection !== undefined && isSelection(items)) {
    return <Selection options={field.selection} items={items} onItems={set} />;
  }
  const item = field.item();
  return (
    <Rows
      title={field.title}
      id={fieldId(prefix, path)}
      items={items}
      nameOf={(index) => strings.item(index + 1)}
      onItems={set}
      make={() => empty(item)}
      most={field.maximum}
      disabled={disabled}
      row={(held, index, actions) => (
        <FieldView
          field={item}
          label={strings.item(index + 1)}
          value={held}
          path={[...path, index]}
          required
          actions={actions}
          onChange={(part) => set(items.map((old, at) => (at === index ? part : old)))}
        />
      )}
    />
  );
}

/** Whether every item is a choice, and none is chosen twice. */
function isSelection(items: readonly Value[]): boolean {
  const all = items.map((item) => (item.is === "plain" ? JSON.stringify(item.json) : undefined));
  return all.every((text) => text !== undefined) && new Set(all).size === all.length;
}

interface SelectionProps {
  options: readonly Option[];
  items: readonly Value[];
  onItems: (items: readonly Value[]) => void;
}

function Selection({ options, items, onItems }: SelectionProps) {
  const has = (item: Value, option: Option) =>
    item.is === "plain" && equal(item.json, option.value);
  return (
    <div className="flex flex-wrap gap-x-4 gap-y-1">
      {options.map((option) => (
        <Checkbox
          key={option.label}
          label={option.label}
          checked={items.some((item) => has(item, option))}
          onCheckedChange={(checked) =>
            onItems(
              checked
                ? [...items, { is: "plain", json: option.value }]
                : items.filter((item) => !has(item, option)),
            )
          }
        />
      ))}
    </div>
  );
}

export function TupleControl({ field, value, path, onChange }: FieldProps<TupleField>) {
  const items = value.is === "list" ? value.items : [];
  const all = field.items();
  const held = all.map((_, index): Value => items[index] ?? { is: "unset" });
  return all.map((item, index) => (
    <FieldView
      // biome-ignore lint/suspicious/noArrayIndexKey: the places of a tuple are fixed
      key={index}
      field={item}
      value={held[index] ?? { is: "unset" }}
      path={[...path, index]}
      required={!item.nullable}
      onChange={(part) =>
        onChange({ is: "list", items: held.map((old, at) => (at === index ? part : old)) })
      }
    />
  ));
}

export function MapControl({ field, value, path, onChange }: FieldProps<MapField>) {
  const { prefix, disabled } = useForm();
  const entries = value.is === "map" ? value.entries : [];
  const inner = field.value();
  const set = (next: readonly MapEntry[]) => onChange({ is: "map", entries: next });
  const change = (index: number, part: Partial<MapEntry>) =>
    set(entries.map((entry, at) => (at === index ? { ...entry, ...part } : entry)));
  const unused = field.keys?.find((key) => entries.every((entry) => entry.key !== key));
  return (
    <Rows
      title={field.title}
      id={fieldId(prefix, path)}
      items={entries}
      nameOf={(index) => entries[index]?.key || strings.key(index + 1)}
      onItems={set}
      make={() => ({ key: unused ?? "", value: empty(inner) })}
      most={field.keys?.length}
      disabled={disabled}
      row={(entry, index, actions) => (
        <div className="flex flex-col gap-1 rounded-md border border-line p-2">
          <KeyInput
            number={index + 1}
            keys={field.keys}
            name={entry.key}
            onName={(key) => change(index, { key })}
          />
          <FieldView
            field={inner}
            label={strings.valueUnder(entry.key)}
            value={entry.value}
            path={[...path, entry.key]}
            idEnd={`-${index}`}
            required
            actions={actions}
            onChange={(part) => change(index, { value: part })}
          />
        </div>
      )}
    />
  );
}

interface KeyInputProps {
  number: number;
  keys: readonly string[] | undefined;
  name: string;
  onName: (name: string) => void;
}

function KeyInput({ number, keys, name, onName }: KeyInputProps) {
  const label = strings.key(number);
  if (keys === undefined) {
    return (
      <TextInput
        mono
        aria-label={label}
        placeholder={strings.keyColumn}
        value={name}
        onChange={(event) => onName(event.target.value)}
      />
    );
  }
  const all = keys.includes(name) ? keys : [name, ...keys];
  return (
    <Select
      aria-label={label}
      value={name}
      options={all.map((key) => ({ value: key, label: key }))}
      onValueChange={onName}
    />
  );
}
