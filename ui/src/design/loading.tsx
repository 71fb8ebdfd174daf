import { Slot } from "radix-ui";
import { Component, type ReactElement, type ReactNode, Suspense } from "react";

export interface LoadingProps {
  fallback: ReactNode;
  /** Shown if the code cannot be loaded; without it, what is shown before stays. */
  failed?: ReactNode | undefined;
  children: ReactNode;
}

/**
 * Shows `fallback` while the code of what is inside is loaded. Where it cannot be, since the
 * service has gone or is another version now, the rest of the page goes on.
 */
export function Loading({ fallback, failed = fallback, children }: LoadingProps) {
  return (
    <LoadFailure failed={failed}>
      <Suspense fallback={fallback}>{children}</Suspense>
    </LoadFailure>
  );
}

type LoadFailureProps = Pick<LoadingProps, "failed" | "children">;

class LoadFailure extends Component<LoadFailureProps, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? this.props.failed : this.props.children;
  }
}

const MENU_KEYS = new Set(["ArrowDown", "Enter", " "]);

export interface FirstUseProps {
  trigger: ReactElement;
  popup: "menu" | "dialog";
  load: () => Promise<unknown>;
  onUse: () => void;
}

/** The control that opens something, until it does so for the first time. Loads it ahead. */
export function FirstUse({ trigger, popup, load, onUse }: FirstUseProps) {
  // A failure is met again, and handled, where the code is used.
  const ahead = () => void load().catch(() => undefined);
  return (
    <Slot.Root
      aria-haspopup={popup}
      aria-expanded={false}
      onPointerEnter={ahead}
      onFocus={ahead}
      onClick={onUse}
      onKeyDown={(event) => {
        if (popup === "menu" && MENU_KEYS.has(event.key)) {
          event.preventDefault();
          onUse();
        }
      }}
    >
      {trigger}
    </Slot.Root>
  );
}
