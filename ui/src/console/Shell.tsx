import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { House } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { Badge, SkipLink, ThemeSwitch } from "../design";
import { Account } from "../session";
import { sessions, useOverview, useSession } from "./overview";
import { strings } from "./strings";

/** The pages in the rail; a page that is not there has no place in it. */
const PAGES = [{ to: "/", label: strings.home, icon: <House aria-hidden size={18} /> }] as const;

/** The frame of every page of the console. */
export function Shell() {
  return (
    <div className="grid min-h-dvh grid-rows-[auto_1fr_auto] sm:grid-cols-[11rem_1fr] sm:grid-rows-[auto_1fr]">
      <SkipLink target="content" />
      <TopBar />
      <nav
        aria-label={strings.navigation}
        className="border-line bg-surface p-2 max-sm:sticky max-sm:bottom-0 max-sm:order-last max-sm:border-t sm:border-r"
      >
        <ul className="flex gap-1 sm:flex-col">
          {PAGES.map((page) => (
            <li key={page.to} className="max-sm:flex-1">
              <Link
                to={page.to}
                className={
                  "flex min-h-9 items-center gap-2 rounded-md px-2 text-ink-muted hover:bg-sunken " +
                  "aria-[current=page]:bg-accent-soft aria-[current=page]:font-medium " +
                  "aria-[current=page]:text-accent-strong max-sm:justify-center"
                }
              >
                {page.icon}
                {page.label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <main id="content" tabIndex={-1} className="min-w-0 p-4 outline-none sm:p-6">
        <Outlet />
      </main>
    </div>
  );
}

function TopBar() {
  const overview = useOverview();
  const session = useSession();
  const queries = useQueryClient();
  return (
    <header className="flex min-h-12 items-center gap-3 border-b border-line bg-surface px-4 sm:col-span-2">
      <span className="shrink-0 font-semibold">{strings.brand}</span>
      {overview.data !== undefined && overview.data.title !== strings.brand && (
        <span className="min-w-0 truncate text-ink-muted" title={overview.data.title}>
          {overview.data.title}
        </span>
      )}
      <span className="ml-auto flex shrink-0 items-center gap-3">
        {overview.isError && overview.error.kind === "network" ? (
          <Badge tone="danger">{strings.unreachable}</Badge>
        ) : (
          overview.isSuccess && <Badge tone="success">{strings.connected}</Badge>
        )}
        <ThemeSwitch />
      </span>
      {sessions !== null && session.data && (
        <Account
          session={session.data}
          client={sessions}
          onSignedOut={() => void queries.resetQueries()}
        />
      )}
    </header>
  );
}

export interface PageProps {
  /** The one h1 of the page, and the title of its tab. */
  title: string;
  actions?: ReactNode;
  children: ReactNode;
}

/** One page inside the shell. */
export function Page({ title, actions, children }: PageProps) {
  const service = useOverview().data?.title ?? strings.brand;
  useEffect(() => {
    document.title = strings.title(title, service);
  }, [title, service]);
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4">
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="text-xl font-semibold">{title}</h1>
        {actions}
      </div>
      {children}
    </div>
  );
}
