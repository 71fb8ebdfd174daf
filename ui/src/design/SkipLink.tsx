import type { MouseEvent } from "react";
import { strings } from "./strings";

/** The first stop of the keyboard: leads past the frame of the page to the element `target`. */
export function SkipLink({ target }: { target: string }) {
  // With a base element, a fragment alone would lead to another page.
  const skip = (event: MouseEvent) => {
    event.preventDefault();
    document.getElementById(target)?.focus();
  };
  return (
    <a
      href={`#${target}`}
      onClick={skip}
      className="absolute top-1 left-1 z-50 -translate-y-20 rounded-md bg-accent px-3 py-2 text-on-accent focus:translate-y-0"
    >
      {strings.skip}
    </a>
  );
}
