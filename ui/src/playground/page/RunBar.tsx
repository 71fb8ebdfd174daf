import { Play, Square } from "lucide-react";
import { useEffect } from "react";
import { Button, Notice, Select } from "../../design";
import { isActive } from "../../run";
import { strings } from "../strings";
import type { Playground } from "./usePlayground";
import { useRunState } from "./useRun";

/** How it is run, and the buttons that run and stop it. */
export function RunBar({ playground }: { playground: Playground }) {
  const { store, methods, method, setMethod, start, held } = playground;
  const active = isActive(useRunState(store));
  useEffect(() => {
    if (held > 0) focusFirstComplaint();
  }, [held]);
  if (methods.length === 0) return <Notice tone="info">{strings.nothingPublished}</Notice>;
  return (
    <div className="sticky bottom-0 z-10 flex flex-col gap-2 rounded-lg border border-line bg-canvas px-3 py-2">
      {held > 0 && !active && (
        <Notice tone="warning">
          {strings.problems(held)}{" "}
          <button
            type="button"
            className="min-h-6 underline"
            onClick={() => start({ anyway: true })}
          >
            {strings.runAnyway}
          </button>
        </Notice>
      )}
      <div className="flex flex-wrap items-center justify-end gap-2">
        <span className="mr-auto text-xs text-ink-muted max-[480px]:hidden">
          <kbd>{isMac() ? strings.runKeys.mac : strings.runKeys.other}</kbd>
        </span>
        <Select
          aria-label={strings.method}
          value={method}
          className="w-auto!"
          options={methods.map((value) => ({ value, label: strings.methods[value] }))}
          onValueChange={(chosen) => {
            const found = methods.find((value) => value === chosen);
            if (found !== undefined) setMethod(found);
          }}
        />
        {active ? (
          <Button
            variant="danger"
            icon={<Square aria-hidden size={14} />}
            onClick={() => store.stop()}
          >
            {strings.stop}
          </Button>
        ) : (
          <Button
            variant="primary"
            icon={<Play aria-hidden size={14} />}
            aria-keyshortcuts="Control+Enter Meta+Enter"
            // The field that is left would complain, and move the button away before it is released.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => start()}
          >
            {strings.run}
          </Button>
        )}
      </div>
    </div>
  );
}

function isMac(): boolean {
  return /^(Mac|iP)/.test(navigator.platform);
}

/** The complaints are in the page only after it was drawn. */
function focusFirstComplaint(): void {
  requestAnimationFrame(() => {
    const found = document.querySelector<HTMLElement>("[aria-invalid=true], [data-invalid]");
    found?.focus();
    found?.scrollIntoView({ block: "center" });
  });
}
