import { CircleAlert } from "lucide-react";
import { type ReactNode, useId } from "react";
import { classes } from "./classes";
import { strings } from "./strings";

/** What a control inside a Field spreads onto itself. */
export interface FieldControl {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
  "aria-required": true | undefined;
}

export interface FieldProps {
  label: string;
  /** The id of the control, where something outside refers to it. */
  id?: string | undefined;
  description?: ReactNode | undefined;
  /** What is wrong with the value, or nothing. */
  error?: string | undefined;
  required?: boolean | undefined;
  /** Says "optional" beside the label. */
  optional?: boolean | undefined;
  /** Controls beside the label, such as a button that clears the value. */
  actions?: ReactNode | undefined;
  className?: string | undefined;
  children: (control: FieldControl) => ReactNode;
}

/** A control with its label, its description and its error, tied together for screen readers. */
export function Field(props: FieldProps) {
  const { label, description, error, required, optional, actions, className, children } = props;
  const made = useId();
  const id = props.id ?? made;
  const described = [
    description !== undefined && `${id}-description`,
    error !== undefined && `${id}-error`,
  ].filter((name) => name !== false);
  const control: FieldControl = {
    id,
    "aria-describedby": described.length > 0 ? described.join(" ") : undefined,
    "aria-invalid": error === undefined ? undefined : true,
    "aria-required": required || undefined,
  };
  return (
    <div className={classes("flex flex-col gap-1", className)}>
      <div className="flex min-h-6 items-center gap-2">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {required && (
          <span aria-hidden className="-ml-1 text-danger">
            *
          </span>
        )}
        {optional && <span className="text-xs text-ink-muted">{strings.optional}</span>}
        {actions !== undefined && <span className="ml-auto flex gap-1">{actions}</span>}
      </div>
      {description !== undefined && (
        <div id={`${id}-description`} className="text-xs text-ink-muted">
          {description}
        </div>
      )}
      {children(control)}
      {error !== undefined && (
        <p id={`${id}-error`} className="flex items-start gap-1 text-xs text-danger">
          <CircleAlert aria-hidden size={14} className="mt-px shrink-0" />
          <span>{error}</span>
        </p>
      )}
    </div>
  );
}
