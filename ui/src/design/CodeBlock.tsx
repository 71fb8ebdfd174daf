import type { ReactNode } from "react";
import { CopyButton } from "./CopyButton";
import { classes } from "./classes";
import { strings } from "./strings";

export interface CodeBlockProps {
  text: string;
  /** What the text is, for screen readers, since the block can be scrolled by keyboard. */
  label: string;
  /** Breaks long lines in place of scrolling. */
  wrap?: boolean | undefined;
  /** Leaves the copy button out. */
  noCopy?: boolean | undefined;
  className?: string | undefined;
  /** The same text with its parts told apart. */
  children?: ReactNode | undefined;
}

/** Text in the fixed-width font, exactly as it is. */
export function CodeBlock({
  text,
  label,
  wrap = false,
  noCopy = false,
  className,
  children = text,
}: CodeBlockProps) {
  return (
    <div className={classes("relative rounded-md border border-line bg-sunken", className)}>
      {!noCopy && (
        <span className="absolute top-1 right-1 rounded bg-sunken">
          <CopyButton iconOnly text={text} label={`${strings.copy}: ${label}`} />
        </span>
      )}
      <section
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        tabIndex={0}
        className={classes(
          "max-h-96 overflow-auto p-3 font-mono text-xs leading-relaxed",
          !noCopy && "pr-10",
        )}
      >
        <pre className={wrap ? "whitespace-pre-wrap" : "whitespace-pre"}>
          <code>{children}</code>
        </pre>
      </section>
    </div>
  );
}
