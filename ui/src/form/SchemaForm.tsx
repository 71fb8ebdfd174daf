import { RotateCcw } from "lucide-react";
import {
  type DragEvent,
  type Ref,
  useEffect,
  useEffectEvent,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import { Button, LiveRegion, Segmented } from "../design";
import {
  equal,
  type FieldErrors,
  type FormModel,
  initialValue,
  type Path,
  pointer,
  pretty,
  toInput,
  type Value,
  validate,
} from "../schema";
import { FormContext, TEN_MIB } from "./context";
import { FieldView, fieldsOf } from "./FieldView";
import { strings } from "./strings";

export interface SchemaFormHandle {
  /** Show all complaints and go to the first; tells whether there are none. */
  check: () => boolean;
}

export interface SchemaFormProps {
  /** The form, as `formModel` made it of a schema. */
  schema: FormModel;
  value: Value;
  onChange: (value: Value) => void;
  /** What the server said about single fields; shown until the value changes. */
  errors?: FieldErrors | undefined;
  disabled?: boolean | undefined;
  /** What the ids of the fields start with; different for each form of a page. */
  idPrefix?: string | undefined;
  /** Shows all complaints, also about fields in which the user has not been. */
  showAll?: boolean | undefined;
  /** The largest file, in bytes, that may be put into a field. */
  fileLimit?: number | undefined;
  /** Leaves the row with the switch to JSON and the reset away. */
  bare?: boolean | undefined;
  ref?: Ref<SchemaFormHandle> | undefined;
}

const NONE: FieldErrors = new Map();

/** A form for whatever a schema describes. It complains about a field only after the user has been there. */
export function SchemaForm(props: SchemaFormProps) {
  const { schema, value, onChange, errors = NONE, disabled = false, idPrefix = "form" } = props;
  const { showAll = false, fileLimit = TEN_MIB, bare = false, ref } = props;
  const place = useRef<HTMLFieldSetElement>(null);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [everything, setEverything] = useState(false);
  const [before, setBefore] = useState<Value | null>(null);
  const told = useServerErrors(errors, value);
  const found = useMemo(() => validate(schema, value), [schema, value]);
  const shown = useUnchanged(
    useMemo(() => {
      const all = showAll || everything;
      const own = [...found].filter(([where]) => all || isTouched(touched, where));
      return new Map([...own, ...told]);
    }, [found, told, touched, showAll, everything]),
  );
  const latest = useRef(value);
  latest.current = value;

  const focusFirst = () => {
    const wrong = place.current?.querySelector<HTMLElement>("[aria-invalid=true], [data-invalid]");
    const inner = wrong?.matches("[role=radiogroup]") ? wrong.querySelector("button") : wrong;
    inner?.focus();
  };
  useImperativeHandle(ref, () => ({
    check: () => {
      flushSync(() => setEverything(true));
      if (found.size > 0) focusFirst();
      return found.size === 0;
    },
  }));
  const arrived = useEffectEvent(() => {
    if (told.size > 0) focusFirst();
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus moves once, when they arrive
  useEffect(() => arrived(), [errors]);
  const demanded = useEffectEvent(() => {
    // Of several forms that complain at once the first one has the focus.
    if (found.size > 0 && document.activeElement?.ariaInvalid !== "true") focusFirst();
  });
  useEffect(() => {
    if (showAll) demanded();
  }, [showAll]);

  const context = useMemo(
    () => ({
      prefix: idPrefix,
      errors: shown,
      disabled,
      fileLimit,
      touch: (path: Path) =>
        setTouched((old) => (old.has(pointer(path)) ? old : new Set([...old, pointer(path)]))),
      pasted: () => setBefore(latest.current),
    }),
    [idPrefix, shown, disabled, fileLimit],
  );
  const reset = () => {
    setTouched(new Set());
    setEverything(false);
    setBefore(null);
    onChange(initialValue(schema));
  };
  return (
    <FormContext value={context}>
      <fieldset
        ref={place}
        disabled={disabled}
        className="flex min-w-0 flex-col gap-3"
        onDragOver={keepPage}
        onDrop={keepPage}
      >
        {!bare && <FormBar {...{ schema, value, disabled, onChange }} onReset={reset} />}
        {before !== null && (
          <p className="flex flex-wrap items-center gap-2 text-ink-muted">
            <span>{strings.pasted}</span>
            <Button
              size="sm"
              onClick={() => {
                onChange(before);
                setBefore(null);
              }}
            >
              {strings.undo}
            </Button>
          </p>
        )}
        <LiveRegion message={before === null ? "" : strings.pasted} />
        <FieldView field={schema.field} value={value} path={[]} required onChange={onChange} />
      </fieldset>
    </FormContext>
  );
}

/** A file that is dropped beside its field must not take the place of the page. */
function keepPage(event: DragEvent): void {
  if (event.dataTransfer.types.includes("Files")) event.preventDefault();
}

/** A complaint about a part is shown once the user was in the part or in what is around it. */
function isTouched(touched: ReadonlySet<string>, where: string): boolean {
  return (
    touched.has(where) || [...touched].some((one) => one !== "" && where.startsWith(`${one}/`))
  );
}

/** The same complaints are the same object, so that no field is drawn again for nothing. */
function useUnchanged(errors: FieldErrors): FieldErrors {
  const kept = useRef(errors);
  const before = kept.current;
  const isSame =
    errors.size === before.size &&
    [...errors].every(([where, message]) => before.get(where) === message);
  if (!isSame) kept.current = errors;
  return kept.current;
}

/** What the server said holds for the value that it was sent. */
function useServerErrors(errors: FieldErrors, value: Value): FieldErrors {
  const [about, setAbout] = useState({ errors, value });
  if (about.errors !== errors) setAbout({ errors, value });
  return about.errors === errors && about.value !== value ? NONE : errors;
}

interface FormBarProps {
  schema: FormModel;
  value: Value;
  disabled: boolean;
  onChange: (value: Value) => void;
  onReset: () => void;
}

function FormBar({ schema, value, disabled, onChange, onReset }: FormBarProps) {
  const isJson = value.is === "raw";
  const back = isJson ? fieldsOf(value.text, schema.field) : null;
  const view = (name: "form" | "json") => {
    if (name === "form") {
      if (back !== null) onChange(back.is === "unset" ? initialValue(schema) : back);
      return;
    }
    const json = toInput(schema, value);
    onChange({ is: "raw", text: json === undefined ? "" : pretty(json) });
  };
  return (
    <div className="flex items-center justify-end gap-2">
      <Button
        size="sm"
        variant="ghost"
        icon={<RotateCcw aria-hidden size={14} />}
        disabled={disabled || equal(value, initialValue(schema))}
        onClick={onReset}
      >
        {strings.reset}
      </Button>
      {schema.field.kind !== "json" && (
        <Segmented
          label={strings.view}
          value={isJson ? "json" : "form"}
          options={[
            { value: "form", label: strings.form, disabled: isJson && back === null },
            { value: "json", label: strings.json },
          ]}
          disabled={disabled}
          onValueChange={view}
        />
      )}
    </div>
  );
}
