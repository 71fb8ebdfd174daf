import { type ComponentProps, createContext, lazy, memo, type ReactNode, useContext } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import rehypeSanitize, { defaultSchema } from "rehype-sanitize";
import remarkGfm from "remark-gfm";
import { CodeBlock, Loading } from "../design";
import { isWhole } from "./blocks";
import { Growing } from "./growing";
import { linkOf, safeAddress } from "./links";
import { Picture } from "./Picture";
import { strings } from "./strings";

const Highlighted = lazy(() => import("./Highlighted"));

/** The markdown that a part was made from. */
const Source = createContext("");

const SCHEMA = {
  ...defaultSchema,
  protocols: {
    ...defaultSchema.protocols,
    href: ["http", "https", "mailto"],
    src: ["http", "https", "data"],
  },
};

/** One block of markdown. HTML in it is shown as text. */
const MarkdownBlock = memo(function MarkdownBlock({ text }: { text: string }) {
  return (
    <Source value={text}>
      <ReactMarkdown
        remarkPlugins={[remarkGfm, htmlAsText]}
        rehypePlugins={[[rehypeSanitize, SCHEMA]]}
        urlTransform={safeAddress}
        components={COMPONENTS}
      >
        {text}
      </ReactMarkdown>
    </Source>
  );
});

export default MarkdownBlock;

interface MarkdownNode {
  type: string;
  value?: string;
  children?: MarkdownNode[];
}

const PHRASES = new Set([
  "paragraph",
  "heading",
  "tableCell",
  "emphasis",
  "strong",
  "delete",
  "link",
]);

/** Without this the sanitiser would leave HTML out, and with it what somebody wrote. */
function htmlAsText() {
  const change = (node: MarkdownNode) => {
    if (node.children === undefined) return;
    node.children = node.children.map((child) => {
      if (child.type !== "html") {
        change(child);
        return child;
      }
      const text = { type: "text", value: child.value ?? "" };
      return PHRASES.has(node.type) ? text : { type: "paragraph", children: [text] };
    });
  };
  return change;
}

function Link({ href, children }: { href?: string | undefined; children?: ReactNode }) {
  const link = linkOf(href);
  if (link === null) return <span>{children}</span>;
  const host = link.host || link.pathname;
  return (
    <>
      <a
        href={link.href}
        target="_blank"
        rel="noopener noreferrer nofollow"
        title={strings.links(host)}
        className="text-accent underline"
      >
        {children}
      </a>{" "}
      <span className="text-xs text-ink-muted">({host})</span>
    </>
  );
}

/** The code of a block, found in what would be shown in its place. */
function Pre({ node }: { node?: PreNode | undefined }) {
  const code = node?.children[0];
  const names: unknown = code?.properties?.className;
  const language = Array.isArray(names) ? String(names[0]).replace(/^language-/, "") : "";
  const value = (code?.children ?? []).map((child) => child.value ?? "").join("");
  const text = value.replace(/\n$/, "");
  const isDone = useIsDone(node);
  return (
    <CodeBlock label={strings.code(language)} text={text}>
      {isDone && language !== "" ? (
        <Loading fallback={text}>
          <Highlighted text={text} language={language.toLowerCase()} />
        </Loading>
      ) : (
        text
      )}
    </CodeBlock>
  );
}

/** Whether a block of code will stay what it is: to tell its words apart takes long. */
function useIsDone(node: PreNode | undefined): boolean {
  const source = useContext(Source);
  const isGrowing = useContext(Growing);
  const { start, end } = node?.position ?? {};
  return !isGrowing || isWhole(source.slice(start?.offset, end?.offset));
}

interface PreNode {
  position?: { start: { offset?: number }; end: { offset?: number } };
  children: readonly CodeNode[];
}

interface CodeNode {
  properties?: Record<string, unknown>;
  children?: readonly { value?: string }[];
}

function Table({ children }: { children?: ReactNode }) {
  return (
    <section
      aria-label={strings.table}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      tabIndex={0}
      className="overflow-x-auto"
    >
      <table className="border-collapse [&_td]:border [&_td]:border-line [&_td]:px-2 [&_td]:py-1 [&_th]:border [&_th]:border-line [&_th]:bg-sunken [&_th]:px-2 [&_th]:py-1 [&_th]:text-left">
        {children}
      </table>
    </section>
  );
}

/** The box of a task. */
function Task({ checked }: ComponentProps<"input">) {
  return (
    <span role="img" aria-label={checked ? strings.taskDone : strings.taskOpen}>
      {checked ? "☑" : "☐"}
    </span>
  );
}

// Headings begin at the third level: the page and its parts have the first two.
const COMPONENTS: Components = {
  a: ({ href, children }) => <Link href={href}>{children}</Link>,
  img: ({ src, alt }) => <Picture address={src ?? ""} label={alt ?? ""} />,
  pre: ({ node }) => <Pre node={node as PreNode | undefined} />,
  code: ({ children }) => (
    <code className="rounded bg-sunken px-1 py-0.5 font-mono text-[0.9em]">{children}</code>
  ),
  table: ({ children }) => <Table>{children}</Table>,
  input: ({ checked }) => <Task checked={checked} />,
  h1: ({ children }) => <h3 className="text-lg font-semibold">{children}</h3>,
  h2: ({ children }) => <h4 className="text-base font-semibold">{children}</h4>,
  h3: ({ children }) => <h5 className="font-semibold">{children}</h5>,
  h4: ({ children }) => <h6 className="font-semibold">{children}</h6>,
  h5: ({ children }) => <h6 className="font-medium">{children}</h6>,
  h6: ({ children }) => <h6 className="font-medium">{children}</h6>,
  ul: ({ children }) => <ul className="list-disc space-y-1 pl-6">{children}</ul>,
  ol: ({ children, start }) => (
    <ol start={start} className="list-decimal space-y-1 pl-6">
      {children}
    </ol>
  ),
  blockquote: ({ children }) => (
    <blockquote className="border-l-4 border-line pl-3 text-ink-muted">{children}</blockquote>
  ),
  hr: () => <hr className="border-line" />,
};
