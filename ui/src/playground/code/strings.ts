/** What the tab with code says. */
export const strings = {
  language: "Language",
  curl: "curl",
  python: "Python",
  fetch: "JavaScript",
  langchain: "LangChain.js",
  call: "Operation",
  with: "With the input and the configuration of the form.",
  credential: (name: string) => `Put your key into the environment variable ${name}.`,
  text: (language: string) => `Code for ${language}`,
  install: {
    curl: "Any shell.",
    python: "Needs moorage with its extra “client”.",
    fetch: "Nothing to install.",
    langchain: "Needs @langchain/core.",
  },
};
