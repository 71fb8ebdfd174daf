// A page of the unmodified React hook: it sends, answers and stops, and shows what the hook gives.
import { useStream } from "@langchain/react";
import { useState } from "react";
import { createRoot } from "react-dom/client";

const address = new URL(location.href);

function keep(threadId) {
  address.searchParams.set("thread", threadId);
  history.replaceState(null, "", address);
}

function Page() {
  const [threadId, setThreadId] = useState(address.searchParams.get("thread"));
  const stream = useStream({
    apiUrl: location.origin,
    assistantId: address.searchParams.get("assistant"),
    transport: address.searchParams.get("transport"),
    threadId,
    onThreadId: (id) => {
      keep(id);
      setThreadId(id);
    },
  });
  const send = (event) => {
    event.preventDefault();
    stream.submit(JSON.parse(new FormData(event.target).get("input")));
  };
  return (
    <main>
      <form onSubmit={send}>
        <input name="input" aria-label="Input" />
        <button>Send</button>
      </form>
      <button onClick={() => stream.stop()}>Stop</button>
      {stream.interrupt && (
        <button onClick={() => stream.respond("blue")}>Answer: {stream.interrupt.value}</button>
      )}
      <p role="status">{stream.isLoading ? "working" : "waiting"}</p>
      <p role="alert">{stream.error ? String(stream.error) : ""}</p>
      <ol>
        {stream.messages.map((message) => (
          <li key={message.id}>{message.text}</li>
        ))}
      </ol>
      <pre>{JSON.stringify(stream.values.words ?? null)}</pre>
    </main>
  );
}

createRoot(document.getElementById("root")).render(<Page />);
