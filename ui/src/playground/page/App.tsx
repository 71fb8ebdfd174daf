import { lazy, useCallback, useEffect, useMemo, useState } from "react";
import { Addresses, type Failure, RunnableClient, SessionClient } from "../../api";
import { Loading, Notice, Skeleton } from "../../design";
import { FailureCard } from "../../output/FailureCard";
import { strings } from "../strings";
import { Page } from "./Page";
import { useResource } from "./useResource";

const SignInDialog = lazy(() => import("../session/SignInDialog"));
const SignInPage = lazy(() => import("../session/SignInPage"));

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
  const [visit, setVisit] = useState(0);
  const askAgain = useCallback(() => setExpired(true), []);
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
          <NotLoaded
            client={client}
            failure={about.failure}
            session={session}
            reload={about.reload}
          />
        )}
      </Alone>
    );
  }
  return (
    <>
      <Page
        client={client}
        about={about.value}
        session={session}
        visit={visit}
        onSignedOut={askAgain}
      />
      {session !== null && expired && (
        <Loading fallback={null}>
          <SignInDialog
            session={session}
            onClose={() => setExpired(false)}
            onSignedIn={() => {
              setExpired(false);
              setVisit(visit + 1);
            }}
          />
        </Loading>
      )}
    </>
  );
}

function NotLoaded({
  client,
  failure,
  session,
  reload,
}: {
  client: RunnableClient;
  failure: Failure;
  session: SessionClient | null;
  reload: () => void;
}) {
  if (failure.status === CREDENTIAL_NEEDED && session !== null) {
    return (
      <Loading
        fallback={<Skeleton lines={4} />}
        failed={<Notice tone="warning">{strings.partFailed}</Notice>}
      >
        <SignInPage session={session} onSignedIn={reload} />
      </Loading>
    );
  }
  const isWrongLink =
    client.addresses.configHash !== "" && (failure.status === 400 || failure.status === 422);
  return (
    <div className="flex flex-col gap-3">
      <h1 className="text-lg font-semibold">{strings.aboutFailed}</h1>
      {isWrongLink && (
        <Notice tone="warning">
          {strings.wrongLink}{" "}
          <a className="underline" href={client.addresses.runnable("playground/").href}>
            {strings.withoutLink}
          </a>
        </Notice>
      )}
      <FailureCard failure={failure} onRetry={reload} />
    </div>
  );
}

/** The page as long as there is nothing else on it. */
function Alone({ children }: { children: React.ReactNode }) {
  return <main className="mx-auto max-w-3xl p-4">{children}</main>;
}
