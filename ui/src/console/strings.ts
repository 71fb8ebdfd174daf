/** What the console says. */
export const strings = {
  brand: "moorage",
  connected: "connected",
  copyCurl: "Copy curl",
  emptyExample: `from langchain_core.runnables import RunnableLambda
from moorage import Settings, add_routes, create_app

app = create_app(Settings.load())
add_routes(app, RunnableLambda(str.upper).with_types(input_type=str), path="/upper")`,
  emptyCommand: "uvicorn server:app",
  emptyCommandLabel: "The command that serves it",
  emptyExampleLabel: "A first service, server.py",
  emptyText: "Add a runnable to the application, and start it again:",
  emptyTitle: "Nothing is served yet",
  environment: "environment",
  filter: "Filter",
  filtered: (shown: number, all: number) => `${shown} of ${all} shown`,
  home: "Home",
  lastly: (code: string) => `, the last one (${code}) at `,
  loading: "Loading what is served",
  loadFailed: "What is served could not be loaded",
  navigation: "Pages",
  noDescription: "No description.",
  noMatch: "No runnable has that in its name, path or description.",
  notFound: "There is no such page",
  notFoundText: "The console has no page at this address.",
  open: "Open playground",
  openNamed: (name: string) => `Open playground of ${name}`,
  operations: "Operations",
  runnables: (count: number) => (count === 1 ? "1 runnable" : `${count} runnables`),
  countedSince: "Each process counts its own runs; the one that answered has done so since ",
  runs: (runs: number, running: number, failed: number) =>
    [
      runs === 0 ? "No runs" : runs === 1 ? "1 run" : `${runs} runs`,
      ...(running > 0 ? [`${running} in progress`] : []),
      ...(failed > 0 ? [`${failed} failed`] : []),
    ].join(", "),
  signIn: "Sign in",
  signInText: "This service asks for a credential.",
  status: {
    ready: "Ready",
    failing: "Failing",
    faulty: "Faulty",
    unready: "Not ready",
    unknown: "Unknown",
  },
  states: (wrong: number) =>
    wrong === 0 ? "" : wrong === 1 ? "1 runnable is not well" : `${wrong} runnables are not well`,
  title: (page: string, service: string) => `${page} · ${service}`,
  unreachable: "not reachable",
  warnings: "What the operator should know",
};
