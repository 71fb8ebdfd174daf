import type { SessionClient } from "../../api";
import { Dialog } from "../../design";
import { SignInForm } from "../../session/SignInForm";
import { strings } from "./strings";

/** Asks for a credential once more, over the page with all that was written on it. */
export default function SignInDialog({
  session,
  onClose,
  onSignedIn,
}: {
  session: SessionClient;
  onClose: () => void;
  onSignedIn: () => void;
}) {
  return (
    <Dialog
      open
      size="sm"
      title={strings.title}
      description={strings.again}
      onOpenChange={(open) => !open && onClose()}
    >
      <SignInForm session={session} onSignedIn={onSignedIn} />
    </Dialog>
  );
}
