import { ChevronRight, CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import { Collapsible } from "radix-ui";
import type { ReactNode } from "react";
import { Button } from "./Button";
import { CodeBlock } from "./CodeBlock";
import { classes } from "./classes";
import { strings } from "./strings";

export interface CardProps {
  title?: ReactNode | undefined;
  /** The level of the title's heading; 2 below the h1 of a page. */
  level?: 2 | 3 | 4 | undefined;
  actions?: ReactNode | undefined;
  children?: ReactNode | undefined;
  className?: string | undefined;
}

export function Card({ title, level = 2, actions, children, className }: CardProps) {
  const Heading = `h${level}` as const;
  return (
    <section
      aria-label={typeof title === "string" ? title : undefined}
      className={classes("rounded-lg border border-line bg-surface p-4", className)}
    >
      {(title !== undefined || actions !== undefined) && (
        <div className="mb-2 flex flex-wrap items-center gap-2">
          {title !== undefined && (
            <Heading className="grow text-base font-semibold">{title}</Heading>
          )}
          {actions}
        </div>
      )}
      {children}
    </section>
  );
}

export type Tone = "neutral" | "info" | "success" | "warning" | "danger";

const TONES: Record<Tone, string> = {
  neutral: "border-line bg-sunken text-ink",
  info: "border-transparent bg-accent-soft text-accent-strong",
  success: "border-transparent bg-success-soft text-success",
  warning: "border-transparent bg-warning-soft text-warning",
  danger: "border-transparent bg-danger-soft text-danger",
};

const ICONS: Record<Exclude<Tone, "neutral">, ReactNode> = {
  info: <Info aria-hidden size={13} className="shrink-0" />,
  success: <CircleCheck aria-hidden size={13} className="shrink-0" />,
  warning: <TriangleAlert aria-hidden size={13} className="shrink-0" />,
  danger: <CircleAlert aria-hidden size={13} className="shrink-0" />,
};

export interface BadgeProps {
  tone?: Tone | undefined;
  /** In place of the tone's own icon. */
  icon?: ReactNode | undefined;
  children: ReactNode;
}

/** A state in a word. Its tone is never the only sign: each but neutral has an icon. */
export function Badge({ tone = "neutral", icon, children }: BadgeProps) {
  return (
    <span
      className={classes(
        "inline-flex items-center gap-1 rounded border px-1.5 py-0.5 text-xs font-medium",
        TONES[tone],
      )}
    >
      {icon ?? (tone === "neutral" ? null : ICONS[tone])}
      {children}
    </span>
  );
}

export interface NoticeProps {
  tone: Exclude<Tone, "neutral">;
  children: ReactNode;
}

/** A sentence that deserves attention, inside the page. */
export function Notice({ tone, children }: NoticeProps) {
  return (
    <p className={classes("flex items-start gap-2 rounded-md px-3 py-2", TONES[tone])}>
      <span className="mt-0.5">{ICONS[tone]}</span>
      <span>{children}</span>
    </p>
  );
}

export interface DisclosureProps {
  summary: ReactNode;
  children: ReactNode;
  open?: boolean | undefined;
  defaultOpen?: boolean | undefined;
  onOpenChange?: ((open: boolean) => void) | undefined;
  /** Controls beside the summary. */
  actions?: ReactNode | undefined;
  className?: string | undefined;
}

/** A part that opens and closes. What is closed is not in the page. */
export function Disclosure({ summary, children, actions, className, ...state }: DisclosureProps) {
  return (
    <Collapsible.Root {...state} className={classes("group/disclosure", className)}>
      <div className="flex items-center gap-2">
        <Collapsible.Trigger className="group flex min-h-7 min-w-0 grow items-center gap-1.5 rounded text-left hover:bg-sunken">
          <ChevronRight
            aria-hidden
            size={14}
            className="shrink-0 transition-transform group-data-[state=open]:rotate-90"
          />
          <span className="min-w-0">{summary}</span>
        </Collapsible.Trigger>
        {actions}
      </div>
      <Collapsible.Content className="pl-5">{children}</Collapsible.Content>
    </Collapsible.Root>
  );
}

export interface EmptyStateProps {
  title: string;
  icon?: ReactNode | undefined;
  children?: ReactNode | undefined;
  actions?: ReactNode | undefined;
}

/** Says that there is nothing yet, and what to do about it. */
export function EmptyState({ title, icon, children, actions }: EmptyStateProps) {
  return (
    <div className="flex flex-col items-center gap-2 rounded-lg border border-dashed border-line-strong px-4 py-8 text-center">
      {icon}
      <p className="font-semibold">{title}</p>
      {children !== undefined && <div className="max-w-prose text-ink-muted">{children}</div>}
      {actions !== undefined && <div className="mt-1 flex flex-wrap gap-2">{actions}</div>}
    </div>
  );
}

export interface ErrorCardProps {
  title: string;
  /** The message, verbatim. */
  message?: string | undefined;
  /** All there is to know, verbatim: a traceback, an answer's body. Folded, with a copy button. */
  detail?: string | undefined;
  onRetry?: (() => void) | undefined;
  actions?: ReactNode | undefined;
  children?: ReactNode | undefined;
}

/** Says what went wrong, in full, and what can be done. Announced when it appears. */
export function ErrorCard({ title, message, detail, onRetry, actions, children }: ErrorCardProps) {
  return (
    <div
      role="alert"
      className="flex flex-col gap-2 rounded-lg border border-danger bg-surface p-4"
    >
      <p className="flex items-start gap-2 font-semibold text-danger">
        <CircleAlert aria-hidden size={16} className="mt-0.5 shrink-0" />
        <span>{title}</span>
      </p>
      {message !== undefined && (
        <p dir="auto" className="whitespace-pre-wrap">
          {message}
        </p>
      )}
      {children}
      {detail !== undefined && (
        <Disclosure summary={strings.details}>
          <CodeBlock label={strings.details} text={detail} />
        </Disclosure>
      )}
      {(onRetry !== undefined || actions !== undefined) && (
        <div className="flex flex-wrap gap-2">
          {onRetry !== undefined && <Button onClick={onRetry}>{strings.retry}</Button>}
          {actions}
        </div>
      )}
    </div>
  );
}

/** Grey bars in place of what is being loaded. */
export function Skeleton({
  label = strings.loading,
  lines = 3,
}: {
  label?: string | undefined;
  lines?: number | undefined;
}) {
  return (
    <div role="status" className="flex flex-col gap-2">
      <span className="sr-only">{label}</span>
      {Array.from({ length: lines }, (_, line) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: the bars are all alike
          key={line}
          aria-hidden
          className={classes("h-4 animate-pulse rounded bg-sunken", line === lines - 1 && "w-3/5")}
        />
      ))}
    </div>
  );
}

/** Tells screen readers what happens elsewhere on the page; keep it mounted, change its message. */
export function LiveRegion({
  message,
  assertive = false,
}: {
  message: string;
  assertive?: boolean | undefined;
}) {
  return (
    <div
      role={assertive ? "alert" : "status"}
      aria-live={assertive ? "assertive" : "polite"}
      className="sr-only"
    >
      {message}
    </div>
  );
}
