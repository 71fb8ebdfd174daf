import { useEffect, useRef } from "react";
import { useToast } from "../../design";
import { strings } from "../strings";
import type { Playground } from "./usePlayground";

const LARGEST = 5_000_000;

/**
 * JSON that is pasted where nothing is being written, or dropped as a file, goes into the form.
 * A file that is dropped anywhere else never makes the browser leave the page.
 */
export function useDroppedJson(playground: Playground, active: boolean): void {
  const toast = useToast();
  const { fill } = playground.input;
  const told = useRef({ toast, fill, active });
  told.current = { toast, fill, active };
  useEffect(() => {
    const take = (text: string, said: string, refused: string | null) => {
      const { toast: show, fill: put } = told.current;
      try {
        put(JSON.parse(text));
        show(said, "success");
      } catch {
        if (refused !== null) show(refused, "danger");
      }
    };
    const paste = (event: ClipboardEvent) => {
      if (event.defaultPrevented || !told.current.active || isEditable(event.target)) return;
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if (/^\s*[[{]/.test(text)) take(text, strings.pasted, null);
    };
    const over = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      const file = event.dataTransfer?.files[0];
      if (event.defaultPrevented || file === undefined) return;
      event.preventDefault();
      if (!told.current.active) return;
      if (file.size > LARGEST || !/json/i.test(`${file.type} ${file.name}`)) {
        told.current.toast(strings.notJson(file.name), "danger");
        return;
      }
      void file
        .text()
        .then((text) => take(text, strings.dropped(file.name), strings.notJson(file.name)));
    };
    addEventListener("paste", paste);
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("paste", paste);
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  }, []);
}

function isEditable(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable || target.closest("input, textarea, select, [role=dialog]") !== null
  );
}
