import type { ClipboardEvent, ReactNode } from "react";
import { classes } from "../design";
import { Complaint } from "./Complaint";

export interface GroupProps {
  id: string;
  label: string;
  description?: ReactNode | undefined;
  error?: string | undefined;
  required: boolean;
  actions?: ReactNode | undefined;
  onPaste: (event: ClipboardEvent<HTMLElement>) => void;
  /** Leaves the frame away: for the outermost group, which the page has a heading for. */
  bare: boolean;
  children: ReactNode;
}

/** Fields that belong together, with their name, what they are for, and what is wrong with them. */
export function Group(props: GroupProps) {
  const { id, label, description, error, required, actions, onPaste, bare, children } = props;
  const described = [
    description !== undefined && `${id}-description`,
    error !== undefined && `${id}-error`,
  ].filter((name) => name !== false);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset's legend cannot stand beside controls
    <div
      role="group"
      id={id}
      tabIndex={-1}
      aria-labelledby={`${id}-label`}
      aria-describedby={described.length > 0 ? described.join(" ") : undefined}
      data-invalid={error === undefined ? undefined : true}
      onPaste={onPaste}
      className="flex flex-col gap-1"
    >
      <div className={classes("flex min-h-6 items-center gap-2", bare && "sr-only")}>
        <span id={`${id}-label`} className="font-medium">
          {label}
        </span>
        {required && (
          <span aria-hidden className="-ml-1 text-danger">
            *
          </span>
        )}
        {!bare && actions !== undefined && <span className="ml-auto flex gap-1">{actions}</span>}
      </div>
      {description !== undefined && (
        <div id={`${id}-description`} className="text-xs text-ink-muted">
          {description}
        </div>
      )}
      <div className={classes("flex flex-col gap-3", !bare && "border-l-2 border-line pl-3")}>
        {children}
      </div>
      {error !== undefined && <Complaint id={`${id}-error`}>{error}</Complaint>}
    </div>
  );
}
