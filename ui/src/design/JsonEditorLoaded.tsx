import { json } from "@codemirror/lang-json";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { basicSetup } from "codemirror";
import { useEffect, useEffectEvent, useRef } from "react";
import { pageNonce } from "./boot";
import { classes } from "./classes";
import type { JsonEditorProps } from "./JsonEditor";

const LOOK = EditorView.theme({
  "&": { fontSize: "0.8125rem", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-content": { fontFamily: "var(--font-mono)", caretColor: "var(--ink)", minHeight: "6lh" },
  ".cm-scroller": { maxHeight: "24lh", overflow: "auto" },
  ".cm-gutters": {
    backgroundColor: "var(--sunken)",
    color: "var(--ink-muted)",
    borderRight: "1px solid var(--line)",
  },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { background: "var(--accent-soft)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
});

// In place of CodeMirror's colours, which are too dark for the dark theme.
const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--accent-strong)" },
  { tag: tags.string, color: "var(--success)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warning)" },
  { tag: tags.invalid, color: "var(--danger)" },
]);

/** CodeMirror. Tab leaves it, as it leaves every other field. */
export default function JsonEditorLoaded(props: JsonEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changed = useEffectEvent((text: string) => {
    if (text !== props.value) props.onValueChange(text);
  });
  const first = useEffectEvent(() => props.value);
  const { label, id, readOnly = false } = props;
  const described = props["aria-describedby"];
  const invalid = props["aria-invalid"];
  const required = props["aria-required"];

  useEffect(() => {
    if (place.current === null) return;
    const attributes: Record<string, string> = { spellcheck: "false", dir: "ltr" };
    if (id !== undefined) attributes.id = id;
    if (label !== undefined) attributes["aria-label"] = label;
    if (described !== undefined) attributes["aria-describedby"] = described;
    if (invalid) attributes["aria-invalid"] = "true";
    if (required) attributes["aria-required"] = "true";
    const editor = new EditorView({
      parent: place.current,
      doc: view.current?.state.doc ?? first(),
      extensions: [
        basicSetup,
        json(),
        LOOK,
        syntaxHighlighting(COLOURS),
        EditorView.cspNonce.of(pageNonce()),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of(attributes),
        EditorView.editable.of(!readOnly),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) changed(update.state.doc.toString());
        }),
      ],
    });
    view.current = editor;
    return () => editor.destroy();
  }, [id, label, described, invalid, required, readOnly]);

  const { value } = props;
  useEffect(() => {
    const editor = view.current;
    if (editor !== null && editor.state.doc.toString() !== value) {
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
    }
  }, [value]);

  return (
    <div
      ref={place}
      className={classes(
        "overflow-hidden rounded-md border bg-surface focus-within:outline-2",
        "focus-within:outline-offset-2 focus-within:outline-accent",
        invalid ? "border-danger" : "border-line-strong",
      )}
    />
  );
}
