import { javaScriptLiteral, pythonLiteral, shellWord } from "./literals";

export type Call = "invoke" | "stream" | "batch" | "events";

/** What a piece of code has to do. */
export interface CallOf {
  runnable: URL;
  call: Call;
  input: unknown;
  config: Readonly<Record<string, unknown>>;
  /** Whether the service asks for a credential; code shows a placeholder for it, never a key. */
  credential: boolean;
}

/** The environment variable that code takes the credential from. */
export const CREDENTIAL = "MOORAGE_API_KEY";

const OPERATIONS = {
  invoke: "invoke",
  stream: "stream",
  batch: "batch",
  events: "stream_events",
} as const;

/** A command for a POSIX shell. */
export function curl(call: CallOf): string {
  const streams = call.call === "stream" || call.call === "events";
  const parts = [
    `curl ${streams ? "-N " : ""}-X POST ${shellWord(address(call))}`,
    "-H 'Content-Type: application/json'",
    ...(call.credential ? [`-H "Authorization: Bearer $${CREDENTIAL}"`] : []),
    `--data-raw ${shellWord(JSON.stringify(body(call), null, 2))}`,
  ];
  return parts.join(" \\\n  ");
}

/** A program for Python with moorage's client. */
export function python(call: CallOf): string {
  const events = call.call === "events";
  const indent = events ? "    " : "";
  const config = hasConfig(call)
    ? `,\n${indent}    config=${pythonLiteral(call.config, indent.length + 4)}`
    : "";
  const subject = call.call === "batch" ? [call.input] : call.input;
  const given = `(\n${indent}    ${pythonLiteral(subject, indent.length + 4)}${config},\n${indent}`;
  const lines = [
    ...(events ? ["import asyncio"] : []),
    ...(call.credential ? ["import os"] : []),
    ...(events || call.credential ? [""] : []),
    "from moorage.client import RemoteRunnable",
    "",
    "runnable = RemoteRunnable(",
    `    ${pythonLiteral(root(call))},`,
    ...(call.credential
      ? [`    headers={"Authorization": f"Bearer {os.environ['${CREDENTIAL}']}"},`]
      : []),
    ")",
    "",
    ...pythonCall(call.call, given),
  ];
  return `${lines.join("\n")}\n`;
}

function pythonCall(call: Call, given: string): string[] {
  switch (call) {
    case "invoke":
      return [`print(runnable.invoke${given}))`];
    case "batch":
      return [`print(runnable.batch${given}))`];
    case "stream":
      return [`for chunk in runnable.stream${given}):`, "    print(chunk)"];
    case "events":
      return [
        "",
        "async def main() -> None:",
        `    async for event in runnable.astream_events${given}):`,
        "        print(event)",
        "",
        "",
        "asyncio.run(main())",
      ];
  }
}

/** A program for JavaScript with nothing but `fetch`. */
export function javaScriptFetch(call: CallOf): string {
  const headers = [
    '    "Content-Type": "application/json",',
    ...(call.credential ? [`    Authorization: \`Bearer \${process.env.${CREDENTIAL}}\`,`] : []),
  ];
  const streams = call.call === "stream" || call.call === "events";
  const lines = [
    `const response = await fetch(${javaScriptLiteral(address(call))}, {`,
    '  method: "POST",',
    "  headers: {",
    ...headers,
    "  },",
    `  body: JSON.stringify(${javaScriptLiteral(body(call), 2)}),`,
    "});",
    "if (!response.ok) throw new Error(await response.text());",
    ...(streams
      ? [
          "// Server-sent events, as they arrive.",
          "for await (const text of response.body.pipeThrough(new TextDecoderStream())) {",
          "  console.log(text);",
          "}",
        ]
      : ["console.log((await response.json()).output);"]),
  ];
  return `${lines.join("\n")}\n`;
}

/** A program for JavaScript with LangChain's client. */
export function javaScriptLangChain(call: CallOf): string {
  const config = hasConfig(call) || call.call === "events";
  const options = call.call === "events" ? { version: "v2", ...call.config } : call.config;
  const subject = call.call === "batch" ? [call.input] : call.input;
  const given = `(\n  ${javaScriptLiteral(subject, 2)},${config ? `\n  ${javaScriptLiteral(options, 2)},` : ""}\n)`;
  const lines = [
    'import { RemoteRunnable } from "@langchain/core/runnables/remote";',
    "",
    "const runnable = new RemoteRunnable({",
    `  url: ${javaScriptLiteral(root(call))},`,
    ...(call.credential
      ? [`  options: { headers: { Authorization: \`Bearer \${process.env.${CREDENTIAL}}\` } },`]
      : []),
    "});",
    "",
    ...javaScriptCall(call.call, given),
  ];
  return `${lines.join("\n")}\n`;
}

function javaScriptCall(call: Call, given: string): string[] {
  switch (call) {
    case "invoke":
    case "batch":
      return [`console.log(await runnable.${call}${given});`];
    case "stream":
      return [
        `for await (const chunk of await runnable.stream${given}) {`,
        "  console.log(chunk);",
        "}",
      ];
    case "events":
      return [
        `for await (const event of runnable.streamEvents${given}) {`,
        "  console.log(event);",
        "}",
      ];
  }
}

function body(call: CallOf): Record<string, unknown> {
  const config = hasConfig(call) ? { config: call.config } : {};
  if (call.call === "batch") return { inputs: [call.input], ...config };
  return { input: call.input === undefined ? null : call.input, ...config };
}

function hasConfig(call: CallOf): boolean {
  return Object.keys(call.config).length > 0;
}

function root(call: CallOf): string {
  return call.runnable.href.replace(/\/$/, "");
}

function address(call: CallOf): string {
  return `${root(call)}/${OPERATIONS[call.call]}`;
}
