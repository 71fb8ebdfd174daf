import { Card, classes, Notice, Skeleton } from "../../design";
import { SchemaForm } from "../../form";
import { strings } from "../strings";
import type { Playground } from "./usePlayground";

/** The form of the input. */
export function InputPanel({ playground }: { playground: Playground }) {
  const { input, inputSchema, refused, complaining, cameWithLink } = playground;
  const { value: schema, failure, loading, reload } = inputSchema;
  const isFirst = schema === undefined && failure === null && loading;
  const aside = cameWithLink || failure !== null || isFirst;
  return (
    <Card>
      {/* On one line with what the form has at its top. */}
      <h2 className="-mb-8 w-fit text-base leading-8 font-semibold">{strings.input}</h2>
      <div className={classes("flex flex-col gap-3", aside && "pt-10")} aria-busy={loading}>
        {cameWithLink && <Notice tone="info">{strings.sharedInput}</Notice>}
        {failure !== null && (
          <Notice tone="warning">
            {schema === undefined ? strings.inputSchemaFailed : strings.schemaOld} {failure.detail}{" "}
            <button type="button" className="min-h-6 underline" onClick={reload}>
              {strings.retry}
            </button>
          </Notice>
        )}
        {isFirst && playground.about.operations.includes("input_schema") ? (
          <Skeleton label={strings.inputSchemaLoading} lines={4} />
        ) : (
          <SchemaForm
            idPrefix="input"
            schema={input.model}
            value={input.value}
            onChange={input.change}
            errors={refused.input}
            showAll={complaining}
          />
        )}
      </div>
    </Card>
  );
}
