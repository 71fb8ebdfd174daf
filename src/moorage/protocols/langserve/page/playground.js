// The plain playground: sends the input, shows the chunks as they come, stops when asked.
"use strict";

const settings = JSON.parse(document.body.dataset.settings);
const element = (id) => document.getElementById(id);
// The page lives at <runnable>[/c/<hash>]/playground/; requests go to the same configuration.
const runnable = location.pathname.replace(/\/playground\/.*$/, "");
let running = null;

for (const name of ["input", "output", "config"]) {
  element(`${name}-schema`).textContent = JSON.stringify(settings[`${name}_schema`], null, 2);
}
element("run").addEventListener("click", run);
element("stop").addEventListener("click", () => running?.abort());

function show(text, failed = false) {
  element("output").textContent = text;
  element("output").classList.toggle("failed", failed);
}

function asText(chunk) {
  if (typeof chunk === "string") return chunk;
  if (chunk && typeof chunk.content === "string") return chunk.content;
  return `${JSON.stringify(chunk, null, 2)}\n`;
}

async function run() {
  let input;
  try {
    input = JSON.parse(element("input").value);
  } catch (error) {
    show(`The input is not JSON: ${error.message}`, true);
    return;
  }
  running = new AbortController();
  element("run").disabled = true;
  element("stop").disabled = false;
  show("");
  try {
    await stream(input, running.signal);
  } catch (error) {
    if (error.name !== "AbortError") show(error.message, true);
  } finally {
    element("run").disabled = false;
    element("stop").disabled = true;
  }
}

async function stream(input, signal) {
  const response = await fetch(`${runnable}/stream`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ input }),
    signal,
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  let rest = "";
  let shown = "";
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\r\n\r\n");
    rest = events.pop();
    for (const event of events) {
      const [name, data] = parse(event);
      if (name === "error") throw new Error(`${shown}\n${JSON.parse(data).message}`);
      if (name === "data") show((shown += asText(JSON.parse(data))));
    }
  }
}

function parse(event) {
  const fields = Object.fromEntries(event.split("\r\n").map((line) => line.split(/: (.*)/s)));
  return [fields.event, fields.data];
}
