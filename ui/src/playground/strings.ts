import type { Outcome } from "./history/record";

const count = (many: number, one: string, more = `${one}s`) =>
  `${many.toLocaleString("en")} ${many === 1 ? one : more}`;

/** What the page of a runnable says. */
export const strings = {
  title: (name: string) => `${name} · playground`,
  skip: "Skip to the playground",
  anonymous: "This runnable",
  divider: "Width of the columns",
  tabs: "Ways to use it",
  tab: { form: "Form", chat: "Chat", batch: "Batch", code: "Code" },
  loadingPage: "Loading what is known about the runnable",
  aboutFailed: "The page could not learn about its runnable",
  wrongLink: "This link's configuration cannot be read",
  withoutLink: "Open without it",
  partFailed:
    "This part of the page could not be loaded. Reload the page once the service is back.",

  input: "Input",
  retry: "Try again",
  inputSchemaFailed: "The schema of the input could not be loaded. Write the input as JSON.",
  inputSchemaLoading: "Loading the form",
  schemaOld: "The form is that of the configuration before: the service does not accept this one.",
  pasted: "The JSON was taken apart into the form",
  dropped: (name: string) => `${name} was taken apart into the form`,
  notJson: (name: string) => `${name} is not JSON`,
  sharedInput: "The input came with the link",

  configuration: "Configuration",
  changed: (many: number) => `${many} changed`,
  resetConfiguration: "Back to the defaults",
  configurationFailed: "The schema of the configuration could not be loaded",
  moreSettings: "Settings of the run",
  thread: "Thread",
  threadHelp: "The service remembers what was said in a thread.",
  newThread: "New thread",

  method: "How it is run",
  methods: {
    stream: "Stream",
    invoke: "Invoke",
    batch: "Batch of one",
    events: "Events",
  },
  run: "Run",
  runAnyway: "Run it as it is",
  runKeys: { mac: "⌘ Enter", other: "Ctrl + Enter" },
  stop: "Stop",
  nothingPublished: "This runnable has nothing that could be run: its operations are switched off.",
  problems: (many: number) =>
    many === 1 ? "One field may not be accepted." : `${many} fields may not be accepted.`,

  output: "Output",
  views: "How the output is shown",
  view: { rendered: "Rendered", raw: "Raw", events: "Events" },
  noOutput: "Nothing yet",
  noOutputHelp: "Run it, and the output appears here as it arrives.",
  noOutputCame: "It ended without any output.",
  waiting: "Waiting for the first piece",
  noEvents: "This way of running it tells no events.",
  steps: "Steps",
  noSteps: "This way of running it tells no steps: run it as a stream or as events.",
  hiddenSteps: "The service does not show the steps of this runnable.",
  copyOutput: "Copy the output",
  state: {
    idle: "Not run",
    connecting: "Starting",
    running: "Running",
    done: "Finished",
    failed: "Failed",
    stopped: "Stopped",
  },
  said: {
    idle: "",
    connecting: "Run started",
    running: "Run started",
    done: "Run finished",
    failed: "Run failed",
    stopped: "Run stopped",
  },
  first: (time: string) => `first ${time}`,
  tokens: (tokensIn: string, tokensOut: string) => `${tokensIn} → ${tokensOut} tokens`,
  chunks: (many: number) => count(many, "chunk"),
  runId: "Run",
  copyRunId: "Copy the run's id",

  outcome: {
    finished: "finished",
    failed: "failed",
    stopped: "stopped",
  } satisfies Record<Outcome, string>,
  draftNotKept: "What you type is not kept: this browser has no room for it, or does not allow it.",

  signOut: "Sign out",
  signedInAs: (name: string) => `Signed in as ${name}`,
  openHistory: "History",
  openShare: "Share",
  historyNotKept: "This run could not be kept in the history of this browser.",
  offline: "You are offline. The page works on when the connection is back.",
};
