const count = (many: number, one: string, more = `${one}s`) =>
  `${many.toLocaleString("en")} ${many === 1 ? one : more}`;

/** What is said where somebody signs in. */
export const strings = {
  title: "Sign in",
  help: "This service asks for an API key or a token. It is exchanged for a cookie that this page cannot read, and kept nowhere else.",
  again: "The session has ended. Sign in again; what you wrote is still here.",
  label: "API key or token",
  submit: "Sign in",
  wrong: "This key is not accepted.",
  later: (seconds: number) => `Too many attempts. Try again in ${count(seconds, "second")}.`,
  soon: "Too many attempts. Try again later.",
};
