import { useCallback, useEffect, useMemo, useState } from "react";
import { type About, Addresses, type Failure, RunnableClient, SessionClient } from "../../api";
import { Dialog, Skeleton } from "../../design";
import { FailureCard } from "../../output";
import { strings } from "../strings";
import { Page } from "./Page";
import { SignInForm } from "./SignIn";
import { useResource } from "./useResource";

const CREDENTIAL_NEEDED = 401;

/** The page of one runnable: signs in where that is needed, then shows it. */
export function App() {
  const { client, session } = useMemo(() => {
    const addresses = Addresses.ofDocument();
    return {
      client: new RunnableClient(addresses),
      session: addresses.session === null ? null : new SessionClient(addresses.session),
    };
  }, []);
  const about = useResource(useCallback((signal: AbortSignal) => client.about(signal), [client]));
  const [expired, setExpired] = useState(false);
  const name = about.value?.name;
  useEffect(() => {
    document.title = name === undefined ? "moorage" : strings.title(name);
  }, [name]);

  if (about.value === undefined) {
    return (
      <Alone>
        {about.failure === null ? (
          <Skeleton label={strings.loadingPage} lines={6} />
        ) : (
          <NotLoaded failure={about.failure} session={session} reload={about.reload} />
        )}
      </Alone>
    );
  }
  return (
    <>
      <Page
        client={client}
        about={about.value as About}
        session={session}
        onSignedOut={() => setExpired(true)}
      />
      {session !== null && (
        <Dialog
          size="sm"
          title={strings.signIn.title}
          description={strings.signIn.again}
          open={expired}
          onOpenChange={setExpired}
        >
          <SignInForm
            session={session}
            onSignedIn={() => {
              setExpired(false);
              about.reload();
            }}
          />
        </Dialog>
      )}
    </>
  );
}

function NotLoaded({
  failure,
  session,
  reload,
}: {
  failure: Failure;
  session: SessionClient | null;
  reload: () => void;
}) {
  if (failure.status === CREDENTIAL_NEEDED && session !== null) {
    return (
      <div className="mx-auto mt-[10dvh] flex w-full max-w-sm flex-col gap-3 rounded-lg border border-line bg-surface p-5">
        <h1 className="text-lg font-semibold">{strings.signIn.title}</h1>
        <p className="text-ink-muted">{strings.signIn.help}</p>
        <SignInForm session={session} onSignedIn={reload} />
      </div>
    );
  }
  return (
    <div className="flex flex-col gap-3">
      <h1 className="text-lg font-semibold">{strings.aboutFailed}</h1>
      <FailureCard failure={failure} onRetry={reload} />
    </div>
  );
}

/** The page as long as there is nothing else on it. */
function Alone({ children }: { children: React.ReactNode }) {
  return <main className="mx-auto max-w-3xl p-4">{children}</main>;
}
