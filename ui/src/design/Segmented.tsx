import { RadioGroup } from "radix-ui";
import type { ReactNode } from "react";
import { classes } from "./classes";

export interface Segment<Value extends string> {
  value: Value;
  label: string;
  icon?: ReactNode | undefined;
  /** Shows the icon alone; the label stays the name. */
  iconOnly?: boolean | undefined;
  disabled?: boolean | undefined;
}

export interface SegmentedProps<Value extends string> {
  /** The name of the group; not shown. */
  label: string;
  value: Value;
  options: readonly Segment<Value>[];
  onValueChange: (value: Value) => void;
  disabled?: boolean | undefined;
  id?: string | undefined;
  "aria-describedby"?: string | undefined;
  "aria-invalid"?: true | undefined;
  "aria-required"?: true | undefined;
  className?: string | undefined;
}

/** One of a few choices, all of them visible: a radio group. */
export function Segmented<Value extends string>(props: SegmentedProps<Value>) {
  const { label, options, onValueChange, disabled = false, className, ...rest } = props;
  return (
    <RadioGroup.Root
      {...rest}
      aria-label={label}
      disabled={disabled}
      orientation="horizontal"
      onValueChange={(chosen) => onValueChange(chosen as Value)}
      className={classes(
        "inline-flex rounded-md border bg-sunken p-0.5",
        rest["aria-invalid"] ? "border-danger" : "border-line-strong",
        className,
      )}
    >
      {options.map((option) => (
        <RadioGroup.Item
          key={option.value}
          value={option.value}
          disabled={option.disabled ?? false}
          aria-label={option.iconOnly ? option.label : undefined}
          title={option.iconOnly ? option.label : undefined}
          className={
            "inline-flex min-h-7 min-w-7 items-center justify-center gap-1.5 rounded px-2 text-sm " +
            "text-ink-muted data-[state=checked]:bg-surface data-[state=checked]:text-ink " +
            "data-[state=checked]:shadow-[inset_0_0_0_1px_var(--line-strong)] disabled:opacity-55"
          }
        >
          {option.icon}
          {option.iconOnly ? null : option.label}
        </RadioGroup.Item>
      ))}
    </RadioGroup.Root>
  );
}
