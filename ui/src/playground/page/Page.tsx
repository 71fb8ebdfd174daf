import { History as HistoryIcon, LogOut, Share2 } from "lucide-react";
import {
  lazy,
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { failureOf, type SessionClient } from "../../api";
import {
  Button,
  IconButton,
  LiveRegion,
  Loading,
  Notice,
  Skeleton,
  Tabs,
  ThemeSwitch,
  useToast,
} from "../../design";
import { chatShapeOf } from "../chat/shape";
import { strings } from "../strings";
import { FormTab } from "./FormTab";
import { useDroppedJson } from "./useDroppedJson";
import { type Playground, type PlaygroundOptions, usePlayground } from "./usePlayground";
import { useResource } from "./useResource";
import { useRunState } from "./useRun";
import { TABS, type TabName, useTab } from "./useTab";

const ChatTab = lazy(() => import("../chat/ChatTab"));
const BatchTab = lazy(() => import("../batch/BatchTab"));
const HistoryDialog = lazy(() => import("../history/HistoryDialog"));
const ShareDialog = lazy(() => import("../share/ShareDialog"));
const CodeTab = lazy(() => import("../code/CodeTab"));

export interface PageProps extends PlaygroundOptions {
  session: SessionClient | null;
  /** Counts how often somebody has signed in. */
  visit: number;
}

/** Everything about one runnable. */
export function Page({ session, visit, ...options }: PageProps) {
  const { about } = options;
  const playground = usePlayground(options);
  const [named, choose] = useTab();
  const shape = useMemo(() => chatShapeOf(playground.input.model.field), [playground.input.model]);
  const tab: TabName = named ?? (about.playground_type === "chat" ? "chat" : "form");
  const seen = useRef(new Set<TabName>());
  seen.current.add(tab); // What was never shown is not there to be kept.
  useDroppedJson(playground, tab === "form");
  const reload = useRef(() => {});
  reload.current = () => {
    playground.inputSchema.reload();
    playground.configuration.schema.reload();
  };
  useEffect(() => {
    if (visit > 0) reload.current();
  }, [visit]);
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
      <Header playground={playground} session={session} visit={visit} />
      <Offline />
      {(playground.notKept.draft || playground.notKept.history) && (
        <div className="pb-2">
          <Notice tone="warning">
            {playground.notKept.draft ? strings.draftNotKept : strings.historyNotKept}
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
              <Loading
                fallback={<Skeleton lines={5} />}
                failed={<Notice tone="warning">{strings.partFailed}</Notice>}
              >
                {value === "chat" && (
                  <ChatTab playground={playground} shape={shape} active={tab === "chat"} />
                )}
                {value === "batch" && <BatchTab playground={playground} />}
                {value === "code" && <CodeTab playground={playground} />}
              </Loading>
            ),
          }))}
        />
      </main>
      <Announcer store={playground.store} />
    </div>
  );
}

/** Says how the run stands, and not what comes of it piece by piece. */
function Announcer({ store }: Pick<Playground, "store">) {
  return <LiveRegion message={strings.said[useRunState(store)]} />;
}

function Header({
  playground,
  session,
  visit,
}: {
  playground: Playground;
  session: SessionClient | null;
  visit: number;
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
        <Opener
          label={strings.openHistory}
          icon={<HistoryIcon aria-hidden size={15} />}
          content={(onClose) => <HistoryDialog playground={playground} onClose={onClose} />}
        />
        <Opener
          label={strings.openShare}
          icon={<Share2 aria-hidden size={15} />}
          content={(onClose) => <ShareDialog playground={playground} onClose={onClose} />}
        />
        <ThemeSwitch />
        {session !== null && <SignOut key={visit} session={session} />}
      </div>
    </header>
  );
}

/** A button that opens a dialog, which is only loaded then. */
function Opener({
  label,
  icon,
  content,
}: {
  label: string;
  icon: ReactNode;
  content: (onClose: () => void) => ReactNode;
}) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button icon={icon} aria-haspopup="dialog" onClick={() => setOpen(true)}>
        {label}
      </Button>
      {open && (
        <Loading fallback={null} failed={<Notice tone="warning">{strings.partFailed}</Notice>}>
          {content(() => setOpen(false))}
        </Loading>
      )}
    </>
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
      <span className="max-w-40 truncate text-xs text-ink-muted" title={strings.signedInAs(name)}>
        {name}
      </span>
      <IconButton
        label={strings.signOut}
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
