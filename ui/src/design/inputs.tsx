import { Switch as SwitchParts } from "radix-ui";
import { type ComponentProps, type ReactNode, useId } from "react";
import { classes } from "./classes";

interface Look {
  /** Marks the control as wrong, for eyes and for screen readers. */
  invalid?: boolean | undefined;
  /** Sets the text in the fixed-width font. */
  mono?: boolean | undefined;
}

const CONTROL =
  "w-full rounded-md border bg-surface px-2 py-1 text-sm text-ink " +
  "disabled:opacity-60 read-only:bg-sunken";

function look({ invalid, mono }: Look): string {
  return classes(CONTROL, invalid ? "border-danger" : "border-line-strong", mono && "font-mono");
}

export interface TextInputProps extends ComponentProps<"input">, Look {}

export function TextInput({ invalid, mono, className, ...rest }: TextInputProps) {
  return (
    <input
      type="text"
      {...rest}
      aria-invalid={invalid || rest["aria-invalid"]}
      className={classes(look({ invalid, mono }), "min-h-8", className)}
    />
  );
}

export interface TextAreaProps extends ComponentProps<"textarea">, Look {
  /** Grows with its text, from `rows` up to 24 lines. */
  grow?: boolean | undefined;
}

export function TextArea({ invalid, mono, grow, className, rows = 3, ...rest }: TextAreaProps) {
  return (
    <textarea
      dir="auto"
      {...rest}
      rows={rows}
      aria-invalid={invalid || rest["aria-invalid"]}
      className={classes(
        look({ invalid, mono }),
        "block",
        grow && "field-sizing-content max-h-[24lh] min-h-[3lh]",
        className,
      )}
    />
  );
}

export interface SelectOption {
  value: string;
  label: string;
  disabled?: boolean | undefined;
}

export interface SelectProps extends Omit<ComponentProps<"select">, "children" | "onChange"> {
  options: readonly SelectOption[];
  onValueChange: (value: string) => void;
  invalid?: boolean | undefined;
}

/** The browser's own list: it works with every keyboard, screen reader and telephone. */
export function Select({ options, onValueChange, invalid, className, ...rest }: SelectProps) {
  return (
    <select
      {...rest}
      aria-invalid={invalid || rest["aria-invalid"]}
      className={classes(look({ invalid }), "min-h-8", className)}
      onChange={(event) => onValueChange(event.target.value)}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value} disabled={option.disabled}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

export interface CheckboxProps
  extends Omit<ComponentProps<"input">, "type" | "checked" | "onChange" | "children"> {
  label: ReactNode;
  checked: boolean;
  onCheckedChange: (checked: boolean) => void;
}

export function Checkbox({ label, checked, onCheckedChange, className, ...rest }: CheckboxProps) {
  return (
    <label className={classes("inline-flex min-h-6 items-center gap-2", className)}>
      <input
        {...rest}
        type="checkbox"
        checked={checked}
        onChange={(event) => onCheckedChange(event.target.checked)}
        className="size-4 shrink-0 accent-accent"
      />
      <span>{label}</span>
    </label>
  );
}

export interface SwitchProps {
  label: ReactNode;
  checked: boolean;
  onCheckedChange: (checked: boolean) => void;
  disabled?: boolean | undefined;
  id?: string | undefined;
  "aria-describedby"?: string | undefined;
}

/** For settings that take effect at once; in forms use a Checkbox. */
export function Switch({ label, checked, onCheckedChange, id, ...rest }: SwitchProps) {
  const own = useId();
  const name = id ?? own;
  return (
    <span className="inline-flex min-h-6 items-center gap-2">
      <SwitchParts.Root
        {...rest}
        id={name}
        checked={checked}
        onCheckedChange={onCheckedChange}
        className={
          "relative h-6 w-10 shrink-0 rounded-full border border-line-strong bg-sunken " +
          "data-[state=checked]:border-accent data-[state=checked]:bg-accent disabled:opacity-55"
        }
      >
        <SwitchParts.Thumb
          className={
            "absolute top-0.5 left-0.5 size-[18px] rounded-full bg-ink-muted transition-transform " +
            "data-[state=checked]:translate-x-4 data-[state=checked]:bg-on-accent"
          }
        />
      </SwitchParts.Root>
      <label htmlFor={name}>{label}</label>
    </span>
  );
}

export interface SliderProps
  extends Omit<ComponentProps<"input">, "type" | "value" | "min" | "max" | "step" | "onChange"> {
  value: number;
  min: number;
  max: number;
  step?: number | undefined;
  onValueChange: (value: number) => void;
}

/** A range with its number beside it. Name it with a Field or with `aria-label`. */
export function Slider({ value, min, max, step, onValueChange, className, ...rest }: SliderProps) {
  return (
    <span className={classes("flex min-h-8 items-center gap-3", className)}>
      <input
        {...rest}
        type="range"
        value={value}
        min={min}
        max={max}
        step={step ?? "any"}
        onChange={(event) => onValueChange(event.target.valueAsNumber)}
        className="h-6 min-w-0 grow accent-accent"
      />
      <output className="min-w-12 text-right tabular-nums">{value}</output>
    </span>
  );
}
