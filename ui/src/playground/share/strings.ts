/** What the links of a page say. */
export const strings = {
  title: "Share this",
  config: "Link with the configuration",
  configHelp: "Opens the playground with this configuration; also a base address for clients.",
  input: "Link with configuration and input",
  inputHelp: "The input stands behind the # of the link; servers do not see it.",
  api: "Base address for clients",
  tooLong: {
    config: "The configuration is too long for a link.",
    input: "The input is too long for a link.",
  },
  noHashes: "The service has switched links with a configuration off.",
  secrets: "Passwords are left out.",
  copy: "Copy",
};
