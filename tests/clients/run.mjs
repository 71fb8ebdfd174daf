// Runs the snippets that tests send, one JSON object a line, with an unmodified client.
import { createInterface } from "node:readline";
import { Document } from "@langchain/core-0.3/documents";
import * as messages from "@langchain/core-0.3/messages";
import { RemoteRunnable } from "@langchain/core-0.3/runnables/remote";
import { Client } from "@langchain/langgraph-sdk";

const AsyncFunction = (async () => {}).constructor;

// What a snippet finds under the name of its client.
const CLIENTS = {
  remote: ({ url, options }) => new RemoteRunnable({ url, options }),
  client: ({ url, options }) => new Client({ apiUrl: url, apiKey: null, ...options }),
};

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

const [name] = process.argv.slice(2);

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer;
  try {
    const run = new AsyncFunction(name, "given", "messages", "collect", asked.body);
    const result = await run(CLIENTS[name](asked), asked.given, messages, collect);
    answer = { value: shown(result) ?? null };
  } catch (error) {
    answer = { error: `${error.name}: ${error.message}` };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
