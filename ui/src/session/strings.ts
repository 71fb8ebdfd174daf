/** What the parts of this folder say. */
export const strings = {
  label: "API key or token",
  later: (seconds: number) =>
    `Too many failed attempts. Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
  signIn: "Sign in",
  signedInAs: (name: string) => `Signed in as ${name}`,
  signOut: "Sign out",
  soon: "Too many failed attempts. Try again in a while.",
  wrong: "The service does not accept this credential.",
};
