/** What the components of this folder say. */
export const strings = {
  close: "Close",
  copy: "Copy",
  copied: "Copied",
  copyFailed: "Could not copy: the browser does not allow it here",
  details: "Details",
  jsonEditorLoading: "Loading the editor",
  loading: "Loading",
  message: "Messages",
  optional: "optional",
  plainEditor: "JSON, plain text",
  retry: "Try again",
  skip: "Skip to content",
  theme: "Theme",
  themes: { light: "Light", dark: "Dark", system: "System" },
  treeItems: (count: number) => (count === 1 ? "1 item" : `${count} items`),
  treeMore: (count: number) => `Show ${count} more`,
};
