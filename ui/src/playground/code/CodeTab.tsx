import { useState } from "react";
import type { About } from "../../api";
import { CodeBlock, Segmented, Select } from "../../design";
import { toInput } from "../../schema";
import { withThread } from "../page/configuration";
import { withoutSecrets } from "../page/secrets";
import type { Playground } from "../page/usePlayground";
import { strings } from "../strings";
import {
  type Call,
  CREDENTIAL,
  curl,
  javaScriptFetch,
  javaScriptLangChain,
  python,
} from "./snippets";
import { strings as words } from "./strings";

const WRITERS = { curl, python, fetch: javaScriptFetch, langchain: javaScriptLangChain };
type Language = keyof typeof WRITERS;
const LANGUAGES = Object.keys(WRITERS) as Language[];

/** The run of the form as code. */
export default function CodeTab({ playground }: { playground: Playground }) {
  const { about, client, configuration, input, method } = playground;
  const calls = callsOf(about);
  const [language, setLanguage] = useState<Language>("curl");
  const [chosen, setCall] = useState<Call | null>(null);
  const call = chosen ?? calls.find((each) => each === method) ?? calls[0];
  if (call === undefined) return <p className="text-ink-muted">{strings.nothingPublished}</p>;
  const open = toInput(input.model, withoutSecrets(input.model.field, input.value));
  const text = WRITERS[language]({
    runnable: client.addresses.runnable(""),
    call,
    input: open ?? null,
    config: withThread(configuration.shareable, configuration.thread),
    credential: about.sign_in,
  });
  return (
    <div className="flex max-w-4xl flex-col gap-3">
      <div className="flex flex-wrap items-center gap-3">
        <Segmented
          label={words.language}
          value={language}
          onValueChange={setLanguage}
          options={LANGUAGES.map((value) => ({ value, label: words[value] }))}
          className="flex-wrap"
        />
        <Select
          aria-label={words.call}
          value={call}
          className="w-auto!"
          options={calls.map((value) => ({ value, label: strings.methods[value] }))}
          onValueChange={(value) => setCall(calls.find((each) => each === value) ?? null)}
        />
      </div>
      <CodeBlock
        text={text}
        label={words.text(words[language])}
        className="[&_section]:max-h-[60dvh]"
      />
      <p className="text-xs text-ink-muted">
        {words.with} {words.install[language]} {about.sign_in && words.credential(CREDENTIAL)}
      </p>
    </div>
  );
}

function callsOf({ operations }: About): Call[] {
  return [
    ...(operations.includes("stream") ? (["stream"] as const) : []),
    ...(operations.includes("invoke") ? (["invoke"] as const) : []),
    ...(operations.includes("batch") ? (["batch"] as const) : []),
    ...(operations.includes("stream_events") ? (["events"] as const) : []),
  ];
}
