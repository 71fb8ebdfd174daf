import { ExternalLink, MessageSquare, ThumbsDown, ThumbsUp } from "lucide-react";
import { type FormEvent, useState } from "react";
import { failureOf } from "../../api";
import {
  Button,
  classes,
  copyText,
  Field,
  IconButton,
  Popover,
  TextArea,
  useToast,
} from "../../design";
import type { Playground } from "../page/usePlayground";
import { strings as words } from "./strings";

/** An opinion on a run, kept by the service, and a public link to its trace; where they are on. */
export default function Feedback({
  playground,
  runId,
}: {
  playground: Pick<Playground, "client" | "about" | "noticed">;
  runId: string;
}) {
  const { client, about, noticed } = playground;
  const { local, langsmith, key } = about.feedback;
  const [score, setScore] = useState<0 | 1 | null>(null);
  const [comment, setComment] = useState("");
  const [busy, setBusy] = useState(false);
  const toast = useToast();
  if (!local && !langsmith && !about.trace_links) return null;

  const give = async (given: 0 | 1 | null, said: string) => {
    setBusy(true);
    try {
      await client.giveFeedback({
        run_id: runId,
        key,
        score: given,
        comment: said === "" ? null : said,
      });
      setScore(given);
      setComment(said);
      toast(words.saved, "success");
    } catch (thrown) {
      noticed(failureOf(thrown));
      toast(words.failed(failureOf(thrown).detail), "danger");
    } finally {
      setBusy(false);
    }
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be named by a legend above it
    <div role="group" aria-label={words.label} className="flex flex-wrap items-center gap-1">
      {(local || langsmith) && (
        <>
          <Thumb
            label={words.up}
            icon={<ThumbsUp aria-hidden size={14} />}
            pressed={score === 1}
            disabled={busy}
            onClick={() => void give(1, comment)}
          />
          <Thumb
            label={words.down}
            icon={<ThumbsDown aria-hidden size={14} />}
            pressed={score === 0}
            disabled={busy}
            onClick={() => void give(0, comment)}
          />
          <Comment comment={comment} busy={busy} onSave={(said) => give(score, said)} />
        </>
      )}
      {about.trace_links && <TraceLink client={client} runId={runId} />}
    </div>
  );
}

function Thumb({
  pressed,
  ...rest
}: {
  label: string;
  icon: React.ReactNode;
  pressed: boolean;
  disabled: boolean;
  onClick: () => void;
}) {
  return (
    <IconButton
      {...rest}
      size="sm"
      aria-pressed={pressed}
      className={classes(pressed && "border-accent! bg-accent-soft! text-accent-strong!")}
    />
  );
}

function Comment({
  comment,
  busy,
  onSave,
}: {
  comment: string;
  busy: boolean;
  onSave: (comment: string) => Promise<void>;
}) {
  const [open, setOpen] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const said = new FormData(event.currentTarget).get("comment");
    await onSave(typeof said === "string" ? said.trim() : "");
    setOpen(false);
  };
  return (
    <Popover
      label={words.comment}
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button size="sm" variant="ghost" icon={<MessageSquare aria-hidden size={14} />}>
          {comment === "" ? words.add : words.comment}
        </Button>
      }
    >
      <form className="flex w-72 flex-col gap-2" onSubmit={(event) => void submit(event)}>
        <Field label={words.comment}>
          {(control) => (
            <TextArea {...control} name="comment" defaultValue={comment} maxLength={8_000} />
          )}
        </Field>
        <Button type="submit" variant="primary" size="sm" busy={busy}>
          {words.save}
        </Button>
      </form>
    </Popover>
  );
}

function TraceLink({ client, runId }: { client: Playground["client"]; runId: string }) {
  const toast = useToast();
  const [busy, setBusy] = useState(false);
  const share = async () => {
    setBusy(true);
    try {
      const address = await client.shareTrace(runId);
      toast((await copyText(address)) ? words.trace.copied : address, "success");
    } catch (thrown) {
      toast(words.trace.failed(failureOf(thrown).detail), "danger");
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button
      size="sm"
      variant="ghost"
      title={words.trace.help}
      icon={<ExternalLink aria-hidden size={14} />}
      busy={busy}
      onClick={() => void share()}
    >
      {words.trace.share}
    </Button>
  );
}
