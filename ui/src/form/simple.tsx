import { useId } from "react";
import { Checkbox, Segmented, Select, TextArea, TextInput } from "../design";
import {
  type BooleanField,
  type DateField,
  type EnumField,
  equal,
  inWords,
  type Json,
  type NumberField,
  numberIn,
  type TextField,
  UNSET,
  type Value,
} from "../schema";
import type { ControlProps } from "./FieldView";
import { strings } from "./strings";

/** What an empty control says about what will be sent. */
function hint({ field, value }: ControlProps): string | undefined {
  if (value.is === "null") return strings.isNull;
  const { default: preset } = field;
  if (value.is !== "unset" || preset === undefined) return undefined;
  return strings.defaultIs(typeof preset === "string" ? preset : JSON.stringify(preset));
}

/** The text of a value that is text. */
export function textIn(value: Value): string {
  return value.is === "plain" && typeof value.json === "string" ? value.json : "";
}

export function textValue(text: string): Value {
  return text === "" ? UNSET : { is: "plain", json: text };
}

export function TextControl(props: ControlProps<TextField>) {
  const { field, value, control, onChange } = props;
  const shared = {
    ...control,
    dir: "auto",
    value: textIn(value),
    invalid: control["aria-invalid"],
    placeholder: hint(props),
  };
  if (field.multiline) {
    return (
      <TextArea {...shared} grow onChange={(event) => onChange(textValue(event.target.value))} />
    );
  }
  return (
    <TextInput
      {...shared}
      type={field.input}
      autoComplete="off"
      onChange={(event) => onChange(textValue(event.target.value))}
    />
  );
}

export function NumberControl(props: ControlProps<NumberField>) {
  const { field, value, control, onChange } = props;
  const text = value.is === "typed" ? value.text : "";
  const box = (
    <TextInput
      {...control}
      inputMode={field.whole ? "numeric" : "decimal"}
      autoComplete="off"
      className={field.slider ? "max-w-24" : undefined}
      value={text}
      invalid={control["aria-invalid"]}
      placeholder={hint(props)}
      onChange={(event) => {
        const typed = event.target.value;
        onChange(typed.trim() === "" ? UNSET : { is: "typed", text: typed });
      }}
    />
  );
  const { minimum, maximum } = field;
  if (!field.slider || minimum === undefined || maximum === undefined) return box;
  return (
    <div className="flex items-center gap-3">
      <input
        type="range"
        aria-label={strings.slider(field.title)}
        min={minimum}
        max={maximum}
        step={field.step ?? fineStep(maximum - minimum)}
        value={numberIn(text) ?? minimum}
        onChange={(event) => onChange({ is: "typed", text: event.target.value })}
        className="h-6 min-w-0 grow accent-accent"
      />
      {box}
    </div>
  );
}

/** About a hundred steps over the range, in round numbers. */
function fineStep(span: number): number {
  return 10 ** Math.floor(Math.log10(span / 50));
}

export function TruthControl({
  field,
  value,
  required,
  control,
  onChange,
}: ControlProps<BooleanField>) {
  const choose = (json: boolean) => onChange({ is: "plain", json });
  if (required && !field.nullable && field.default === undefined) {
    return (
      <Checkbox
        {...control}
        label={strings.yes}
        checked={value.is === "plain" && value.json === true}
        onCheckedChange={choose}
      />
    );
  }
  const now = value.is === "plain" ? inWords(value.json) : "unset";
  return (
    <Segmented
      {...control}
      label={field.title}
      value={now}
      className="self-start"
      options={[
        { value: "true", label: strings.yes },
        { value: "false", label: strings.no },
        { value: "unset", label: value.is === "null" ? strings.isNull : strings.notSet },
      ]}
      onValueChange={(name) => (name === "unset" ? onChange(UNSET) : choose(name === "true"))}
    />
  );
}

const MOST_SEGMENTS = 4;
const WIDEST = 40;
/** From here on a list is searched and not scrolled. */
const MANY = 16;

export function EnumControl(props: ControlProps<EnumField>) {
  const { field, value, required, control, onChange } = props;
  const now = value.is === "plain" ? value.json : undefined;
  const index = field.options.findIndex((option) => equal(option.value, now));
  const options = field.options.map(({ label }, place) => ({ value: String(place), label }));
  const choose = (name: string) => {
    const option = field.options[Number(name)];
    onChange(name === "" || option === undefined ? UNSET : { is: "plain", json: option.value });
  };
  const letters = options.reduce((sum, { label }) => sum + label.length, 0);
  if (options.length > MANY) return <SearchedEnum {...props} now={now} />;
  if (
    options.length <= MOST_SEGMENTS &&
    letters <= WIDEST &&
    (required || field.default !== undefined)
  ) {
    return (
      <Segmented
        {...control}
        label={field.title}
        value={index < 0 ? "" : String(index)}
        options={options}
        onValueChange={choose}
        className="self-start flex-wrap"
      />
    );
  }
  const nothing = value.is === "null" ? strings.isNull : required ? strings.choose : strings.notSet;
  return (
    <Select
      {...control}
      value={index < 0 ? "" : String(index)}
      invalid={control["aria-invalid"]}
      options={[{ value: "", label: nothing }, ...options]}
      onValueChange={choose}
    />
  );
}

/** A long list of choices, found by typing a part of one. */
function SearchedEnum(props: ControlProps<EnumField> & { now: Json | undefined }) {
  const { field, value, control, now, onChange } = props;
  const list = useId();
  const chosen = field.options.find((option) => equal(option.value, now));
  const text = chosen?.label ?? (value.is === "plain" ? inWords(value.json) : "");
  const type = (typed: string) => {
    const option = field.options.find(({ label }) => label === typed);
    if (typed === "") onChange(UNSET);
    else onChange({ is: "plain", json: option === undefined ? typed : option.value });
  };
  return (
    <>
      <TextInput
        {...control}
        list={list}
        value={text}
        invalid={control["aria-invalid"]}
        autoComplete="off"
        placeholder={hint(props) ?? strings.search(field.options.length)}
        onChange={(event) => type(event.target.value)}
      />
      <datalist id={list}>
        {field.options.map(({ label }) => (
          <option key={label} value={label} />
        ))}
      </datalist>
    </>
  );
}

export function DateControl(props: ControlProps<DateField>) {
  const { field, value, control, onChange } = props;
  const text = textIn(value);
  const [, local = "", zone = ""] = /^(.*?)(Z|[-+]\d\d:?\d\d)?$/i.exec(text) ?? [];
  const shown = field.kind === "datetime" ? local.replace(" ", "T") : text;
  const shared = { ...control, invalid: control["aria-invalid"], className: "max-w-60" };
  if (text !== "" && !isNative(shown, field.kind)) {
    return (
      <TextInput
        {...shared}
        value={text}
        onChange={(event) => onChange(textValue(event.target.value))}
      />
    );
  }
  if (field.kind !== "datetime") {
    return (
      <TextInput
        {...shared}
        type={field.kind}
        step={field.kind === "time" ? 1 : undefined}
        value={text}
        onChange={(event) => onChange(textValue(event.target.value))}
      />
    );
  }
  const here = offsetHere(shown);
  const zones = [...new Set([here, "Z", "", zone])];
  return (
    <div className="flex flex-wrap gap-2">
      <TextInput
        {...shared}
        type="datetime-local"
        step={1}
        value={shown}
        onChange={(event) => {
          const typed = event.target.value;
          const end = text === "" ? offsetHere(typed) : zone;
          onChange(textValue(typed === "" ? "" : `${withSeconds(typed)}${end}`));
        }}
      />
      <Select
        aria-label={strings.zone(field.title)}
        className="w-auto"
        value={text === "" ? here : zone}
        disabled={text === ""}
        options={zones.map((name) => ({ value: name, label: zoneLabel(name, here) }))}
        onValueChange={(name) => onChange(textValue(`${shown}${name}`))}
      />
    </div>
  );
}

function isNative(text: string, kind: "date" | "datetime" | "time"): boolean {
  const time = "\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,3})?)?";
  const date = "\\d{4}-\\d\\d-\\d\\d";
  const shapes = { date, time, datetime: `${date}T${time}` };
  return new RegExp(`^${shapes[kind]}$`).test(text);
}

/** Browsers leave out seconds that are zero; the standard wants them. */
function withSeconds(local: string): string {
  return /T\d\d:\d\d$/.test(local) ? `${local}:00` : local;
}

/** The offset of this browser's clock at a local time, such as "+02:00". */
function offsetHere(local: string): string {
  const at = new Date(local);
  const minutes = -(Number.isNaN(at.getTime()) ? new Date() : at).getTimezoneOffset();
  if (minutes === 0) return "Z";
  const two = (number: number) => String(Math.floor(Math.abs(number))).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

function zoneLabel(zone: string, here: string): string {
  if (zone === "") return strings.zones.none;
  if (zone === "Z") return strings.zones.utc;
  return zone === here ? strings.zones.local(zone) : zone;
}
