import { common, createLowlight } from "lowlight";
import { memo, type ReactNode } from "react";

const KNOWN = createLowlight(common);

/** What takes longer than a blink to read is shown without colours. */
const LONGEST = 20_000;

/** Code with its words told apart, as elements with texts; as it is in a language not known. */
const Highlighted = memo(function Highlighted({ text, language }: HighlightedProps) {
  if (!KNOWN.registered(language) || text.length > LONGEST) return text;
  return shown(KNOWN.highlight(language, text).children);
});

export interface HighlightedProps {
  text: string;
  /** As the block names it. */
  language: string;
}

export default Highlighted;

const COLOURS: Record<string, string> = {
  addition: "text-success",
  attr: "text-accent",
  attribute: "text-accent",
  built_in: "text-warning",
  comment: "text-ink-muted italic",
  deletion: "text-danger",
  doctag: "text-ink-muted",
  keyword: "text-accent-strong font-semibold",
  link: "text-accent",
  literal: "text-warning",
  meta: "text-ink-muted",
  name: "text-accent-strong",
  number: "text-warning",
  property: "text-accent",
  quote: "text-ink-muted italic",
  regexp: "text-success",
  section: "text-accent-strong font-semibold",
  "selector-class": "text-accent",
  "selector-id": "text-accent",
  "selector-tag": "text-accent-strong",
  string: "text-success",
  symbol: "text-warning",
  tag: "text-accent-strong",
  title: "text-accent",
  type: "text-warning",
  variable: "text-danger",
};

type Node = ReturnType<typeof KNOWN.highlight>["children"][number];

function shown(nodes: readonly Node[]): ReactNode[] {
  return nodes.map((node, position) => {
    if (node.type === "text") return node.value;
    if (node.type !== "element") return null;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: the whole is made anew with another text
      <span key={position} className={colourOf(node.properties.className)}>
        {shown(node.children)}
      </span>
    );
  });
}

function colourOf(names: unknown): string | undefined {
  const [name] = Array.isArray(names) ? names : [];
  return COLOURS[String(name).replace(/^hljs-/, "")];
}
