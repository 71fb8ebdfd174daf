/** What is said where somebody signs in, around the form. */
export const strings = {
  title: "Sign in",
  help: "This service asks for an API key or a token. It is exchanged for a cookie that this page cannot read, and kept nowhere else.",
  again: "The session has ended. Sign in again; what you wrote is still here.",
};
