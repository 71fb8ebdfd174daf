import { Plus, RotateCcw } from "lucide-react";
import {
  Badge,
  Button,
  Disclosure,
  Field,
  IconButton,
  Notice,
  Skeleton,
  TextInput,
} from "../../design";
import { SchemaForm } from "../../form";
import { strings } from "../strings";
import { newId } from "./newId";
import type { Playground } from "./usePlayground";

/** The fields that may be configured, and the thread of a graph. */
export function ConfigurationPanel({ playground }: { playground: Playground }) {
  const { about, configuration, refused, complaining } = playground;
  const { schema, fields, settings, changed, thread, setThread, reset } = configuration;
  const isExpected = about.configurable && about.operations.includes("config_schema");
  const isLoading = isExpected && schema.loading && schema.value === undefined;
  if (fields === null && settings === null && thread === null && !isExpected) return null;
  return (
    <Disclosure
      defaultOpen={about.configurable || thread !== null}
      className="rounded-lg border border-line bg-surface px-4 py-3"
      summary={
        <span className="flex items-center gap-2">
          <h2 className="text-base font-semibold">{strings.configuration}</h2>
          {changed > 0 && <Badge tone="info">{strings.changed(changed)}</Badge>}
        </span>
      }
      actions={
        <IconButton
          size="sm"
          label={strings.resetConfiguration}
          icon={<RotateCcw aria-hidden size={14} />}
          disabled={changed === 0}
          onClick={reset}
        />
      }
    >
      <div className="flex flex-col gap-3 pt-2">
        {isLoading && <Skeleton lines={2} />}
        {schema.failure !== null && (
          <Notice tone="warning">
            {strings.configurationFailed}: {schema.failure.detail}{" "}
            <button type="button" className="min-h-6 underline" onClick={schema.reload}>
              {strings.retry}
            </button>
          </Notice>
        )}
        {thread !== null && <Thread thread={thread} setThread={setThread} />}
        {fields !== null && (
          <SchemaForm
            bare
            idPrefix="configuration"
            schema={fields.model}
            value={fields.value}
            onChange={fields.change}
            errors={refused.config}
            showAll={complaining}
          />
        )}
        {settings !== null && (
          <Disclosure summary={strings.moreSettings}>
            <div className="pt-2">
              <SchemaForm
                bare
                idPrefix="settings"
                schema={settings.model}
                value={settings.value}
                onChange={settings.change}
              />
            </div>
          </Disclosure>
        )}
      </div>
    </Disclosure>
  );
}

function Thread({ thread, setThread }: { thread: string; setThread: (thread: string) => void }) {
  return (
    <Field
      label={strings.thread}
      description={strings.threadHelp}
      actions={
        <Button
          size="sm"
          variant="ghost"
          icon={<Plus aria-hidden size={14} />}
          onClick={() => setThread(newId())}
        >
          {strings.newThread}
        </Button>
      }
    >
      {(control) => (
        <TextInput
          {...control}
          mono
          value={thread}
          onChange={(event) => setThread(event.target.value)}
        />
      )}
    </Field>
  );
}
