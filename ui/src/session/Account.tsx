import { LogOut } from "lucide-react";
import { failureOf, type Session, type SessionClient } from "../api";
import { IconButton, useToast } from "../design";
import { strings } from "./strings";

export interface AccountProps {
  session: Session;
  client: SessionClient;
  onSignedOut: () => void;
}

/** Who is signed in, with the way out where the browser keeps the session. */
export function Account({ session, client, onSignedOut }: AccountProps) {
  const toast = useToast();
  if (!session.authenticated) return null;
  const name = session.display_name ?? session.identity ?? "";
  const signOut = async () => {
    try {
      await client.signOut();
      onSignedOut();
    } catch (thrown) {
      toast(failureOf(thrown).detail, "danger");
    }
  };
  return (
    <span className="flex min-w-0 items-center gap-1">
      <span className="max-w-40 truncate text-ink-muted max-sm:sr-only" title={name}>
        <span className="sr-only">{strings.signedInAs("")}</span>
        {name}
      </span>
      {session.by_cookie && (
        <IconButton
          label={strings.signOut}
          icon={<LogOut aria-hidden size={16} />}
          onClick={signOut}
        />
      )}
    </span>
  );
}
