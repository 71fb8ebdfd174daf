import { LogOut } from "lucide-react";
import {
  lazy,
  Suspense,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useSyncExternalStore,
} from "react";
import { type About, failureOf, type RunnableClient, type SessionClient } from "../../api";
import {
  IconButton,
  LiveRegion,
  Notice,
  Skeleton,
  Tabs,
  ThemeSwitch,
  useToast,
} from "../../design";
import { chatShapeOf } from "../chat/shape";
import { HistoryMenu } from "../history/HistoryMenu";
import { ShareMenu } from "../share/ShareMenu";
import { strings } from "../strings";
import { FormTab } from "./FormTab";
import { useDroppedJson } from "./useDroppedJson";
import { type Playground, usePlayground } from "./usePlayground";
import { useResource } from "./useResource";
import { TABS, type TabName, useTab } from "./useTab";

const ChatTab = lazy(() => import("../chat/ChatTab"));
const BatchTab = lazy(() => import("../batch/BatchTab"));
const CodeTab = lazy(() => import("../code/CodeTab"));

export interface PageProps {
  client: RunnableClient;
  about: About;
  session: SessionClient | null;
  /** The service asked for a credential that this page no longer has. */
  onSignedOut: () => void;
}

/** Everything about one runnable. */
export function Page({ client, about, session, onSignedOut }: PageProps) {
  const playground = usePlayground(client, about);
  const [named, choose] = useTab();
  const shape = useMemo(
    () => chatShapeOf(playground.inputSchema.value),
    [playground.inputSchema.value],
  );
  const tab: TabName = named ?? (about.playground_type === "chat" ? "chat" : "form");
  const seen = useRef(new Set<TabName>());
  seen.current.add(tab); // What was never shown is not there to be kept.
  useDroppedJson(playground, tab === "form");
  const { status } = playground.run.failure ?? {};
  useEffect(() => {
    if (status === 401) onSignedOut();
  }, [status, onSignedOut]);
  return (
    <div className="mx-auto flex min-h-dvh max-w-[110rem] flex-col px-4 pb-6 min-[900px]:px-6">
      <a
        href={`${location.pathname}${location.search}#main`}
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:bg-surface focus:p-2"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        {strings.skip}
      </a>
      <Header playground={playground} session={session} />
      <Offline />
      {(playground.notKept.draft || playground.notKept.history) && (
        <div className="pb-2">
          <Notice tone="warning">
            {playground.notKept.draft ? strings.draftNotKept : strings.history.notKept}
          </Notice>
        </div>
      )}
      <main id="main" tabIndex={-1} className="grow outline-none">
        <Tabs
          label={strings.tabs}
          value={tab}
          onValueChange={choose}
          tabs={TABS.map((value) => ({
            value,
            label: strings.tab[value],
            keepMounted: value === "batch" || value === "chat",
            content: !seen.current.has(value) ? null : value === "form" ? (
              <FormTab playground={playground} />
            ) : (
              <Suspense fallback={<Skeleton lines={5} />}>
                {value === "chat" && (
                  <ChatTab
                    playground={playground}
                    shape={shape}
                    onSignedOut={onSignedOut}
                    active={tab === "chat"}
                  />
                )}
                {value === "batch" && <BatchTab playground={playground} />}
                {value === "code" && <CodeTab playground={playground} />}
              </Suspense>
            ),
          }))}
        />
      </main>
      <LiveRegion message={strings.said[playground.run.state]} />
    </div>
  );
}

function Header({
  playground,
  session,
}: {
  playground: Playground;
  session: SessionClient | null;
}) {
  const { about } = playground;
  return (
    <header className="flex flex-wrap items-start gap-x-4 gap-y-2 pt-3 pb-2">
      <div className="min-w-0 grow basis-64">
        <h1 className="text-lg leading-8 font-semibold">{about.name || strings.anonymous}</h1>
        {about.description && (
          <p className="line-clamp-2 max-w-prose text-ink-muted" title={about.description}>
            {about.description}
          </p>
        )}
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <HistoryMenu playground={playground} />
        <ShareMenu playground={playground} />
        <ThemeSwitch />
        {session !== null && <SignOut session={session} />}
      </div>
    </header>
  );
}

function SignOut({ session }: { session: SessionClient }) {
  const toast = useToast();
  const who = useResource(useCallback((signal: AbortSignal) => session.read(signal), [session]));
  if (!who.value?.by_cookie) return null;
  const name = who.value.display_name ?? who.value.identity ?? "";
  const leave = async () => {
    try {
      await session.signOut();
      location.reload();
    } catch (thrown) {
      toast(failureOf(thrown).detail, "danger");
    }
  };
  return (
    <span className="inline-flex items-center gap-1">
      <span className="max-w-40 truncate text-xs text-ink-muted" title={strings.signIn.as(name)}>
        {name}
      </span>
      <IconButton
        label={strings.signIn.out}
        icon={<LogOut aria-hidden size={15} />}
        onClick={() => void leave()}
      />
    </span>
  );
}

function Offline() {
  const online = useSyncExternalStore(
    (listener) => {
      for (const event of ["online", "offline"]) addEventListener(event, listener);
      return () => {
        for (const event of ["online", "offline"]) removeEventListener(event, listener);
      };
    },
    () => navigator.onLine,
  );
  if (online) return null;
  return (
    <div role="status" className="pb-2">
      <Notice tone="warning">{strings.offline}</Notice>
    </div>
  );
}
