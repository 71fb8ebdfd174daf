import { type FormEvent, useState } from "react";
import { type Failure, failureOf, type SessionClient } from "../api";
import { Button, Field, TextInput } from "../design";
import { strings } from "./strings";

export interface SignInFormProps {
  session: SessionClient;
  onSignedIn: () => void;
}

/** Exchanges a credential for a session. It is kept nowhere in the page, neither before nor after. */
export function SignInForm({ session, onSignedIn }: SignInFormProps) {
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const credential = String(new FormData(form).get("credential") ?? "").trim();
    if (credential === "") return;
    setBusy(true);
    setFailure(null);
    try {
      await session.signIn(credential);
      form.reset();
      onSignedIn();
    } catch (thrown) {
      setFailure(failureOf(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="flex flex-col gap-3" onSubmit={submit}>
      <Field label={strings.label} error={failure === null ? undefined : said(failure)} required>
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
      <Button type="submit" variant="primary" busy={busy} className="self-start">
        {strings.signIn}
      </Button>
    </form>
  );
}

function said({ status, retryAfter, detail }: Failure): string {
  if (status === 401) return strings.wrong;
  if (status !== 429) return detail;
  return retryAfter === null ? strings.soon : strings.later(retryAfter);
}
