import { X } from "lucide-react";
import { Dialog as Parts } from "radix-ui";
import { useRef } from "react";
import { IconButton } from "./Button";
import { classes } from "./classes";
import type { DialogProps } from "./Dialog";
import { strings } from "./strings";

const WIDTHS = { sm: "max-w-md", md: "max-w-2xl", lg: "max-w-5xl" };

export default function DialogLoaded(props: DialogProps) {
  const { title, description, children, footer, trigger, size = "md" } = props;
  const before = useRef<Element | null>(null);
  const remember = () => {
    before.current = document.activeElement;
  };
  // Radix gives the focus back to its own trigger only.
  const giveBack = (event: Event) => {
    if (trigger !== undefined || !(before.current instanceof HTMLElement)) return;
    event.preventDefault();
    before.current.focus();
  };
  return (
    <Parts.Root
      {...(props.open === undefined ? { defaultOpen: true } : { open: props.open })}
      {...(props.onOpenChange === undefined ? {} : { onOpenChange: props.onOpenChange })}
    >
      {trigger && <Parts.Trigger asChild>{trigger}</Parts.Trigger>}
      <Parts.Portal>
        <Parts.Overlay className="fixed inset-0 z-40 bg-[oklch(0_0_0/0.45)]" />
        <Parts.Content
          onOpenAutoFocus={remember}
          onCloseAutoFocus={giveBack}
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          className={classes(
            "fixed top-1/2 left-1/2 z-50 flex max-h-[90dvh] w-[calc(100vw-1.5rem)] -translate-x-1/2",
            "-translate-y-1/2 flex-col rounded-lg border border-line bg-surface shadow-raised",
            WIDTHS[size],
          )}
        >
          <div className="flex items-start gap-3 px-4 pt-3">
            <Parts.Title className="grow py-1 text-base font-semibold">{title}</Parts.Title>
            <Parts.Close asChild>
              <IconButton label={strings.close} icon={<X aria-hidden size={16} />} />
            </Parts.Close>
          </div>
          {description !== undefined && (
            <Parts.Description className="px-4 text-ink-muted">{description}</Parts.Description>
          )}
          <div className="grow overflow-y-auto px-4 py-3">{children}</div>
          {footer !== undefined && (
            <div className="flex flex-wrap justify-end gap-2 border-t border-line px-4 py-3">
              {footer}
            </div>
          )}
        </Parts.Content>
      </Parts.Portal>
    </Parts.Root>
  );
}
