const count = (many: number, one: string, more = `${one}s`) =>
  `${many.toLocaleString("en")} ${many === 1 ? one : more}`;

/** What the list of runs and their comparison say. */
export const strings = {
  title: "History",
  help: "The last 50 runs, kept in this browser only.",
  empty: "No runs yet",
  emptyHelp: "What you run is listed here.",
  failed: (why: string) => `This browser keeps no history: ${why}`,
  replay: "Put into the form",
  replayed: "Input and configuration are as they were in that run",
  remove: "Delete",
  clear: "Delete all",
  clearSure: (many: number) => `Delete ${count(many, "run")} for good`,
  compare: "Compare",
  compareHelp: "Choose two runs to compare them.",
  choose: (what: string) => `Choose ${what}`,
  cut: {
    input: "The input was too large to be kept.",
    output: "The output was too large to be kept.",
  },
  comparison: {
    title: "Compare two runs",
    before: "Earlier",
    after: "Later",
    same: "The same in both",
    parts: { input: "Input", config: "Configuration", output: "Output", error: "Error" },
    whole: "(whole)",
    change: { same: "same", added: "added", removed: "removed", changed: "changed" },
    more: (many: number) => `and ${count(many, "part")} the same`,
  },
};
