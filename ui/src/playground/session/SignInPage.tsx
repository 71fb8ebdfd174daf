import type { SessionClient } from "../../api";
import { SignInForm } from "../../session/SignInForm";
import { strings } from "./strings";

/** All there is to see before somebody has signed in. */
export default function SignInPage({
  session,
  onSignedIn,
}: {
  session: SessionClient;
  onSignedIn: () => void;
}) {
  return (
    <div className="mx-auto mt-[10dvh] flex w-full max-w-sm flex-col gap-3 rounded-lg border border-line bg-surface p-5">
      <h1 className="text-lg font-semibold">{strings.title}</h1>
      <p className="text-ink-muted">{strings.help}</p>
      <SignInForm session={session} onSignedIn={onSignedIn} />
    </div>
  );
}
