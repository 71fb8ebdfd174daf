import { useRef } from "react";
import { Segmented, Select } from "../design";
import { empty, takeField, toJson, type UnionField, type Value } from "../schema";
import { type FieldProps, FieldView } from "./FieldView";
import { strings } from "./strings";

/** More letters than this do not fit side by side. */
const WIDEST = 48;

/** One of several kinds of value: first which kind, then the value. */
export function UnionControl(props: FieldProps<UnionField>) {
  const { field, value, path, required, onChange } = props;
  const kept = useRef(new Map<number, Value>());
  const now = value.is === "choice" ? value.choice : 0;
  const chosen = field.choices[now];
  const choose = (name: string) => {
    const next = Number(name);
    const target = field.choices[next];
    if (target === undefined || next === now) return;
    if (value.is === "choice") kept.current.set(now, value.value);
    const inner = kept.current.get(next) ?? converted(field, value, next) ?? empty(target.field());
    onChange({ is: "choice", choice: next, value: inner });
  };
  const options = field.choices.flatMap(({ name, minor }, index) =>
    minor && index !== now ? [] : [{ value: String(index), label: name }],
  );
  const letters = options.reduce((sum, { label }) => sum + label.length, 0);
  const label = strings.kind(field.title);
  if (chosen === undefined) return null;
  return (
    <>
      {options.length <= 4 && letters <= WIDEST ? (
        <Segmented
          label={label}
          value={String(now)}
          options={options}
          onValueChange={choose}
          className="self-start flex-wrap"
        />
      ) : (
        <Select aria-label={label} value={String(now)} options={options} onValueChange={choose} />
      )}
      <FieldView
        key={now}
        field={chosen.field()}
        label={chosen.name}
        value={value.is === "choice" ? value.value : { is: "unset" }}
        path={path}
        idEnd={`${props.idEnd ?? ""}-choice`}
        required={required}
        onChange={(inner) => onChange({ is: "choice", choice: now, value: inner })}
      />
    </>
  );
}

/** What was written under one kind, as far as the other kind can hold it. */
function converted(field: UnionField, value: Value, next: number): Value | null {
  const json = toJson(field, value);
  const target = field.choices[next];
  if (json === undefined || target === undefined) return null;
  const taken = takeField(json, target.field());
  return taken.is === "plain" || taken.is === "typed" ? taken : null;
}
