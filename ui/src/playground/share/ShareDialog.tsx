import { CopyButton, Dialog, Notice } from "../../design";
import { toInput } from "../../schema";
import { withoutSecrets } from "../page/secrets";
import type { Playground } from "../page/usePlayground";
import { configHash, type ShareLink, shareLink } from "./links";
import { strings as words } from "./strings";

/** Links to this page as it is now. */
export default function ShareDialog({
  playground,
  onClose,
}: {
  playground: Playground;
  onClose: () => void;
}) {
  return (
    <Dialog open size="sm" title={words.title} onOpenChange={(open) => !open && onClose()}>
      <Links playground={playground} />
    </Dialog>
  );
}

function Links({ playground }: { playground: Playground }) {
  const { about, client, configuration, input } = playground;
  const runnable = client.addresses.runnable("");
  const config = about.config_hashes ? configuration.shareable : {};
  const open = toInput(input.model, withoutSecrets(input.model.field, input.value));
  const base = new URL(
    configHash(config) === "" ? "" : `c/${configHash(config)}`,
    runnable,
  ).href.replace(/\/$/, "");
  return (
    <div className="flex flex-col gap-4">
      <Link label={words.config} help={words.configHelp} link={shareLink({ runnable, config })} />
      <Link
        label={words.input}
        help={words.inputHelp}
        link={shareLink({ runnable, config, input: open ?? null })}
      />
      <Link label={words.api} link={{ url: base }} />
      {!about.config_hashes && <Notice tone="info">{words.noHashes}</Notice>}
      {configuration.hasSecrets && <Notice tone="info">{words.secrets}</Notice>}
    </div>
  );
}

function Link({
  label,
  help,
  link,
}: {
  label: string;
  help?: string | undefined;
  link: ShareLink;
}) {
  return (
    <section aria-label={label} className="flex flex-col gap-1">
      <h3 className="font-medium">{label}</h3>
      {"url" in link ? (
        <div className="flex items-center gap-1 rounded-md border border-line bg-sunken py-0.5 pr-0.5 pl-2">
          <span className="min-w-0 grow truncate font-mono text-xs">{link.url}</span>
          <CopyButton iconOnly label={`${words.copy}: ${label}`} text={link.url} />
        </div>
      ) : (
        <Notice tone="warning">{words.tooLong[link.tooLong]}</Notice>
      )}
      {help !== undefined && <p className="text-xs text-ink-muted">{help}</p>}
    </section>
  );
}
