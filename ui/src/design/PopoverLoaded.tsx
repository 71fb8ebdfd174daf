import { Popover as Parts } from "radix-ui";
import type { PopoverProps } from "./Popover";

export default function PopoverLoaded({
  trigger,
  label,
  children,
  align = "start",
  ...state
}: PopoverProps) {
  return (
    <Parts.Root defaultOpen {...state}>
      <Parts.Trigger asChild>{trigger}</Parts.Trigger>
      <Parts.Portal>
        <Parts.Content
          aria-label={label}
          align={align}
          sideOffset={4}
          collisionPadding={8}
          className="z-50 max-h-[70dvh] max-w-[calc(100vw-1rem)] overflow-y-auto rounded-md border border-line bg-surface p-3 shadow-raised"
        >
          {children}
        </Parts.Content>
      </Parts.Portal>
    </Parts.Root>
  );
}
