import { Ellipsis } from "lucide-react";
import { type ClipboardEvent, memo, type ReactNode } from "react";
import {
  Button,
  Field as DesignField,
  type FieldControl,
  IconButton,
  Menu,
  type MenuItem,
} from "../design";
import {
  empty,
  equal,
  type Field,
  type Path,
  parsed,
  pointer,
  pretty,
  takeField,
  toJson,
  UNSET,
  type Value,
} from "../schema";
import { errorBelow, errorOf, fieldId, useForm } from "./context";
import { FileControl } from "./FileControl";
import { Group } from "./Group";
import { JsonControl } from "./JsonControl";
import { ListControl, MapControl, TupleControl } from "./lists";
import { MessagesControl } from "./Messages";
import { ObjectControl } from "./ObjectControl";
import { afterPaste } from "./paste";
import { DateControl, EnumControl, NumberControl, TextControl, TruthControl } from "./simple";
import { strings } from "./strings";
import { UnionControl } from "./UnionControl";

export interface FieldProps<Kind extends Field = Field> {
  field: Kind;
  value: Value;
  path: Path;
  required: boolean;
  onChange: (value: Value) => void;
  /** Tells the ids of fields at the same path apart: those of a union and of its choice. */
  idEnd?: string | undefined;
}

/** What a control of one value gets beside its field. */
export interface ControlProps<Kind extends Field = Field> extends FieldProps<Kind> {
  control: FieldControl;
}

export interface FieldViewProps extends FieldProps {
  /** Controls beside the label, such as those that move an item. */
  actions?: ReactNode | undefined;
  /** In place of the title of the field. */
  label?: string | undefined;
}

/** One field of a form with all that belongs to it: label, complaint, menu, and the fields within. */
export const FieldView = memo(View, isSame);

function isSame(before: FieldViewProps, now: FieldViewProps): boolean {
  const { path: old, ...rest } = before;
  const { path, ...others } = now;
  return (
    pointer(old) === pointer(path) &&
    (Object.keys({ ...rest, ...others }) as (keyof typeof others)[]).every(
      (name) => rest[name] === others[name],
    )
  );
}

function View(props: FieldViewProps) {
  const { field, value, path, required, onChange } = props;
  const form = useForm();
  if (field.kind === "const" && value.is !== "raw" && path.length > 0) return null;
  const label = props.label ?? field.title;
  const isRaw = value.is === "raw" || field.kind === "json";
  const isGroup = !isRaw && isContainer(field);
  const isAbsent = isGroup && (value.is === "unset" || value.is === "null");
  const showsInner = isGroup && !isAbsent && !(field.kind === "list" && field.selection);
  const isTold = showsInner && field.kind === "union";
  const complaint = isTold ? undefined : (showsInner ? errorOf : errorBelow)(form.errors, path);
  const items = menuItems({ field, value, required, onChange });
  const actions = (
    <>
      {props.actions}
      {items.length > 0 && !form.disabled && (
        <Menu
          align="end"
          items={items}
          trigger={
            <IconButton
              size="sm"
              label={strings.more(label)}
              icon={<Ellipsis size={16} aria-hidden />}
            />
          }
        />
      )}
    </>
  );
  const shared = {
    id: `${fieldId(form.prefix, path)}${props.idEnd ?? ""}`,
    label,
    description: describe(field, value),
    error: complaint,
    required,
    actions,
  };
  if (isGroup) {
    return (
      <Group {...shared} onPaste={pasteInto(props, form.pasted)} bare={path.length === 0}>
        {isAbsent ? <Absent {...props} label={label} /> : <Container {...props} />}
      </Group>
    );
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears when its control is left
    <div onBlur={() => form.touch(path)}>
      <DesignField {...shared}>
        {(control) =>
          isRaw ? (
            <JsonControl {...props} control={control} />
          ) : (
            <Single {...props} control={control} />
          )
        }
      </DesignField>
    </div>
  );
}

function isContainer(field: Field): boolean {
  return ["object", "list", "tuple", "map", "union", "messages"].includes(field.kind);
}

function Absent({ field, value, label, onChange }: FieldProps & { label: string }) {
  return (
    <div className="flex items-center gap-2 text-ink-muted">
      <span>{value.is === "null" ? strings.isNull : strings.notSet}</span>
      <Button size="sm" onClick={() => onChange(empty(field))}>
        {strings.setValue(label)}
      </Button>
    </div>
  );
}

function Container(props: FieldProps) {
  const { field } = props;
  switch (field.kind) {
    case "object":
      return <ObjectControl {...props} field={field} />;
    case "list":
      return <ListControl {...props} field={field} />;
    case "tuple":
      return <TupleControl {...props} field={field} />;
    case "map":
      return <MapControl {...props} field={field} />;
    case "union":
      return <UnionControl {...props} field={field} />;
    case "messages":
      return <MessagesControl {...props} field={field} />;
    default:
      return null;
  }
}

function Single(props: ControlProps) {
  const { field } = props;
  switch (field.kind) {
    case "text":
      return <TextControl {...props} field={field} />;
    case "number":
      return <NumberControl {...props} field={field} />;
    case "boolean":
      return <TruthControl {...props} field={field} />;
    case "enum":
      return <EnumControl {...props} field={field} />;
    case "date":
    case "datetime":
    case "time":
      return <DateControl {...props} field={field} />;
    case "file":
      return <FileControl {...props} field={field} />;
    case "const":
      return (
        <output {...props.control}>
          {strings.sentAs} {JSON.stringify(field.value)}
        </output>
      );
    default:
      return null;
  }
}

function describe(field: Field, value: Value): ReactNode {
  const isEmptyText = value.is === "plain" && value.json === "" && field.kind === "text";
  const lines = [field.description, field.note, isEmptyText ? strings.emptyText : undefined].filter(
    (line) => line !== undefined,
  );
  if (lines.length === 0) return undefined;
  return (
    <span dir="auto" className="whitespace-pre-line">
      {lines.join("\n")}
    </span>
  );
}

/** What can be done with a field beside filling it in. */
function menuItems({ field, value, required, onChange }: Omit<FieldProps, "path">): MenuItem[] {
  if (field.kind === "const" && value.is !== "raw") return [];
  const items: (MenuItem | false)[] = [
    field.kind !== "json" && jsonItem(field, value, onChange),
    !required &&
      value.is !== "unset" && { label: strings.leaveOut, onSelect: () => onChange(UNSET) },
    field.nullable &&
      value.is !== "null" && { label: strings.sendNull, onSelect: () => onChange({ is: "null" }) },
    field.kind === "text" &&
      value.is === "unset" && {
        label: strings.sendEmpty,
        onSelect: () => onChange({ is: "plain", json: "" }),
      },
    ...suggestions(field, value, onChange),
  ];
  return items.filter((item) => item !== false);
}

function jsonItem(field: Field, value: Value, onChange: (value: Value) => void): MenuItem | false {
  if (value.is !== "raw") {
    const json = toJson(field, value);
    const text = json === undefined ? "" : pretty(json);
    return { label: strings.asJson, onSelect: () => onChange({ is: "raw", text }) };
  }
  const back = fieldsOf(value.text, field);
  return {
    label: strings.asFields,
    disabled: back === null,
    onSelect: () => back !== null && onChange(back),
  };
}

/** The fields that JSON text stands for; null where it does not fit. */
export function fieldsOf(text: string, field: Field): Value | null {
  if (text.trim() === "") return UNSET;
  const json = parsed(text);
  if (json === undefined) return null;
  const value = takeField(json, field);
  return value.is === "raw" ? null : value;
}

function suggestions(field: Field, value: Value, onChange: (value: Value) => void): MenuItem[] {
  const now = toJson(field, value);
  const { default: preset, examples } = field;
  const presets =
    preset === undefined || equal(preset, now)
      ? []
      : [{ json: preset, label: strings.takeDefault(brief(preset)) }];
  const others = examples
    .slice(0, 3)
    .map((json) => ({ json, label: strings.takeExample(brief(json)) }));
  return [...presets, ...others].map(({ json, label }) => ({
    label,
    onSelect: () => onChange(takeField(json, field)),
  }));
}

function brief(json: unknown): string {
  return typeof json === "string" ? json : JSON.stringify(json);
}

/** JSON that is pasted anywhere inside a part of the form fills the part, if it is meant for it. */
function pasteInto({ field, value, onChange }: FieldProps, tell: () => void) {
  return (event: ClipboardEvent<HTMLElement>) => {
    const target = event.target as HTMLElement;
    if (event.defaultPrevented || target.closest("[data-json]") !== null) return;
    const text = event.clipboardData.getData("text/plain").trim();
    const json = /^[[{]/.test(text) ? parsed(text) : undefined;
    const next = json === undefined ? null : afterPaste(json, field, value);
    if (next === null) return;
    event.preventDefault();
    tell();
    onChange(next);
  };
}
