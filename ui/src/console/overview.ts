import { useQuery } from "@tanstack/react-query";
import { Addresses, type Failure, requestJson, SessionClient } from "../api";

/** How a runnable does; the same document says when it is which. */
export interface State {
  status: "ready" | "failing" | "faulty" | "unready";
  reason: string | null;
  running: number;
  runs: number;
  failed: number;
  latest_failure: { at: string; code: string } | null;
}

/** One runnable of the service, as `docs/reference/web-pages.md` describes it. */
export interface Hosted {
  path: string;
  name: string;
  description: string | null;
  playground: string | null;
  operations: string[];
  state: State;
}

export interface Overview {
  title: string;
  version: string;
  environment: string;
  counted_since: string;
  runnables: Hosted[];
  warnings: string[];
}

const addresses = Addresses.ofDocument();

/** Where people sign in; null where the service asks for no credential. */
export const sessions = addresses.session === null ? null : new SessionClient(addresses.session);

/** How often states are asked for again while the page is seen, and where that just failed. */
const AGAIN_MS = 10_000;
const AFTER_FAILURE_MS = 30_000;

/** What the service hosts, and how that does. */
export function useOverview() {
  return useQuery<Overview, Failure>({
    queryKey: ["overview"],
    queryFn: async ({ signal }) =>
      (await requestJson<Overview>(addresses.page("runnables.json"), { signal })).value,
    refetchInterval: ({ state: { error } }) => {
      if (error?.status === 401) return false;
      return error === null ? AGAIN_MS : AFTER_FAILURE_MS;
    },
  });
}

/** Who is asking; nothing where the service asks for no credential. */
export function useSession() {
  return useQuery({
    queryKey: ["session"],
    queryFn: ({ signal }) => sessions?.read(signal) ?? null,
    enabled: sessions !== null,
  });
}

/** The address below which a runnable answers. */
export function addressOf(runnable: Hosted, base: string = document.baseURI): string {
  return new URL(`.${runnable.path}`, new URL("..", base)).href;
}

/** The address of a runnable's page, if it has one on this very origin. */
export function playgroundOf(runnable: Hosted, base: string = document.baseURI): string | null {
  if (runnable.playground === null) return null;
  const address = new URL(runnable.playground, base);
  return address.origin === new URL(base).origin ? address.href : null;
}

/** A command that calls a runnable, with a place to put the input. */
export function curlOf(runnable: Hosted, signsIn: boolean, base?: string): string {
  const address = `${addressOf(runnable, base)}/invoke`;
  return [
    `curl ${quoted(address)}`,
    ...(signsIn ? [`-H "X-API-Key: $MOORAGE_API_KEY"`] : []),
    `-H 'Content-Type: application/json'`,
    `-d '{"input": "Hello"}'`,
  ].join(" \\\n  ");
}

/** A text as one word of a POSIX shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
