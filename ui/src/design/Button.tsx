import type { ComponentProps, ReactNode } from "react";
import { classes } from "./classes";
import { Spinner } from "./Spinner";
import { Tooltip } from "./Tooltip";

export type ButtonVariant = "primary" | "secondary" | "ghost" | "danger";
export type ButtonSize = "sm" | "md";

interface Look {
  variant?: ButtonVariant | undefined;
  size?: ButtonSize | undefined;
}

const VARIANTS: Record<ButtonVariant, string> = {
  primary: "bg-accent text-on-accent border-transparent hover:bg-accent-strong",
  secondary: "bg-surface text-ink border-line-strong hover:bg-sunken",
  ghost: "bg-transparent text-ink border-transparent hover:bg-sunken",
  danger: "bg-surface text-danger border-danger hover:bg-danger-soft",
};

const BASE =
  "inline-flex items-center justify-center gap-1.5 rounded-md border font-medium " +
  "disabled:opacity-55 disabled:cursor-not-allowed aria-disabled:opacity-55 no-underline";

/** The classes of a button, for links that look like one. */
export function buttonClasses({ variant = "secondary", size = "md" }: Look = {}): string {
  const room = size === "sm" ? "min-h-7 px-2 text-xs" : "min-h-8 px-3 text-sm";
  return classes(BASE, VARIANTS[variant], room);
}

export interface ButtonProps extends ComponentProps<"button">, Look {
  icon?: ReactNode | undefined;
  /** Shows that work is going on; the button cannot be pressed meanwhile. */
  busy?: boolean | undefined;
}

export function Button(props: ButtonProps) {
  const { variant, size, icon, busy = false, className, children, disabled, ...rest } = props;
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled === true || busy}
      aria-busy={busy || undefined}
      className={classes(buttonClasses({ variant, size }), className)}
    >
      {busy ? <Spinner /> : icon}
      {children}
    </button>
  );
}

export interface IconButtonProps
  extends Omit<ComponentProps<"button">, "aria-label" | "children">,
    Look {
  /** The name of the button, also shown on hover and focus. */
  label: string;
  icon: ReactNode;
}

export function IconButton({
  label,
  icon,
  variant = "ghost",
  size = "md",
  className,
  ...rest
}: IconButtonProps) {
  const room = size === "sm" ? "size-7" : "size-8";
  return (
    <Tooltip label={label}>
      <button
        type="button"
        {...rest}
        aria-label={label}
        className={classes(BASE, VARIANTS[variant], room, "shrink-0", className)}
      >
        {icon}
      </button>
    </Tooltip>
  );
}
