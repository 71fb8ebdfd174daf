import { type FormEvent, useState } from "react";
import { type Failure, failureOf, type SessionClient } from "../../api";
import { Button, Field, TextInput } from "../../design";
import { strings } from "./strings";

/** Asks for a credential once; it is in no state and no storage after it was exchanged. */
export function SignInForm({
  session,
  onSignedIn,
}: {
  session: SessionClient;
  onSignedIn: () => void;
}) {
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const credential = new FormData(form).get("credential");
    if (typeof credential !== "string" || credential.trim() === "") return;
    setBusy(true);
    setFailure(null);
    try {
      await session.signIn(credential.trim());
      form.reset();
      onSignedIn();
    } catch (thrown) {
      setFailure(failureOf(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="flex flex-col gap-3" onSubmit={(event) => void submit(event)}>
      <Field label={strings.label} error={failure === null ? undefined : wordsOf(failure)} required>
        {(control) => (
          <TextInput
            {...control}
            type="password"
            name="credential"
            autoComplete="current-password"
            spellCheck={false}
            required
            mono
          />
        )}
      </Field>
      <Button type="submit" variant="primary" busy={busy}>
        {strings.submit}
      </Button>
    </form>
  );
}

function wordsOf(failure: Failure): string {
  if (failure.status === 401) return strings.wrong;
  if (failure.status !== 429) return failure.detail;
  return failure.retryAfter === null ? strings.soon : strings.later(failure.retryAfter);
}
