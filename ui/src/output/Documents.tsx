import { Badge, Card, Disclosure, JsonTree } from "../design";
import { Plain } from "./Markdown";
import type { Shape } from "./shapes";
import { strings } from "./strings";

export type DocumentsProps = Pick<Extract<Shape, { kind: "documents" }>, "documents">;

/** Documents as cards, with what is known of each. */
export function Documents({ documents }: DocumentsProps) {
  return (
    <ol className="flex flex-col gap-3">
      {documents.map(({ document, score }, position) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: documents may be alike
        <li key={position}>
          <Card
            level={3}
            title={titleOf(document.metadata, position)}
            actions={score !== null && <Badge>{strings.score(score)}</Badge>}
          >
            <div className="max-h-64 overflow-y-auto">
              <Plain text={document.page_content} />
            </div>
            {Object.keys(document.metadata).length > 0 && (
              <Disclosure className="mt-2" summary={strings.metadata}>
                <JsonTree label={strings.metadata} value={document.metadata} />
              </Disclosure>
            )}
          </Card>
        </li>
      ))}
    </ol>
  );
}

function titleOf(metadata: Record<string, unknown>, position: number): string {
  const told = metadata.title ?? metadata.source;
  return typeof told === "string" && told !== "" ? told : strings.document(position + 1);
}
