// Runs the snippets that tests send, one JSON object a line, with the unmodified RemoteRunnable.
import { createInterface } from "node:readline";
import { Document } from "@langchain/core/documents";
import * as messages from "@langchain/core/messages";
import { RemoteRunnable } from "@langchain/core/runnables/remote";

const AsyncFunction = (async () => {}).constructor;

// A message or document says what it is; everything else is shown as it is.
function shown(value) {
  if (messages.isBaseMessage(value))
    return { class: value.constructor.name, content: value.content };
  if (value instanceof Document)
    return { class: "Document", pageContent: value.pageContent, metadata: value.metadata };
  if (Array.isArray(value)) return value.map(shown);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shown(inner)]));
  return value;
}

async function collect(stream) {
  const chunks = [];
  for await (const chunk of await stream) chunks.push(chunk);
  return chunks;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { url, options, body } = JSON.parse(line);
  let answer;
  try {
    const remote = new RemoteRunnable({ url, options });
    const run = new AsyncFunction("remote", "messages", "collect", body);
    answer = { value: shown(await run(remote, messages, collect)) ?? null };
  } catch (error) {
    answer = { error: `${error.name}: ${error.message}` };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
