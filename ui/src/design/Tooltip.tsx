import { Tooltip as Parts } from "radix-ui";
import type { ReactElement } from "react";

/** Shows a short text next to a control on hover and focus. Never the only place of information. */
export function Tooltip({ label, children }: { label: string; children: ReactElement }) {
  return (
    <Parts.Provider delayDuration={400}>
      <Parts.Root>
        <Parts.Trigger asChild>{children}</Parts.Trigger>
        <Parts.Portal>
          <Parts.Content
            sideOffset={4}
            className="z-50 max-w-72 rounded bg-ink px-2 py-1 text-xs text-canvas shadow-raised"
          >
            {label}
          </Parts.Content>
        </Parts.Portal>
      </Parts.Root>
    </Parts.Provider>
  );
}
