/** What is said where a run is judged. */
export const strings = {
  label: "Feedback",
  up: "Good",
  down: "Bad",
  comment: "Comment",
  add: "Add a comment",
  save: "Save",
  saved: "Feedback kept",
  failed: (why: string) => `Feedback was not kept: ${why}`,
  trace: {
    share: "Share the trace",
    help: "The trace becomes public: whoever has the link can read it.",
    copied: "The link to the public trace is on the clipboard",
    failed: (why: string) => `The trace was not shared: ${why}`,
  },
};
