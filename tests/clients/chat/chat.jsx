// A conversation as people write one with the hook. The address says with whom, and on which thread.
import { useState } from "react";
import { createRoot } from "react-dom/client";
import { useStream } from "@langchain/langgraph-sdk/react";

const asked = new URLSearchParams(location.search);

function remember(thread) {
  asked.set("thread", thread);
  history.replaceState(null, "", `?${asked}`);
}

function Message({ message, stream }) {
  const meta = stream.getMessagesMetadata(message);
  const options = meta?.branchOptions ?? [];
  const again = () =>
    stream.submit(
      { messages: [{ type: "human", content: "another way" }] },
      { checkpoint: meta?.firstSeenState?.parent_checkpoint },
    );
  return (
    <li>
      {`${message.type}: ${message.content}`}
      {message.type === "human" && <button onClick={again}>Edit {message.content}</button>}
      {options.map((option, index) => (
        <button key={option} onClick={() => stream.setBranch(option)}>{`Branch ${index + 1}`}</button>
      ))}
    </li>
  );
}

function Chat() {
  const [threadId, setThreadId] = useState(asked.get("thread"));
  const [text, setText] = useState("");
  const stream = useStream({
    apiUrl: asked.get("api"),
    assistantId: asked.get("assistant"),
    threadId,
    reconnectOnMount: asked.has("reconnects"),
    fetchStateHistory: true,
    onThreadId: (id) => {
      setThreadId(id);
      remember(id);
    },
  });
  const say = (event) => {
    event.preventDefault();
    stream.submit({ messages: [{ type: "human", content: text }] });
  };
  return (
    <main>
      <form onSubmit={say}>
        <input aria-label="Message" value={text} onChange={(event) => setText(event.target.value)} />
        <button>Send</button>
      </form>
      <ul aria-label="Messages">
        {stream.messages.map((message, index) => (
          <Message key={message.id ?? index} message={message} stream={stream} />
        ))}
      </ul>
      <p role="status">{stream.isLoading ? "busy" : "ready"}</p>
      {stream.isLoading && <button onClick={() => stream.stop()}>Stop</button>}
      {stream.interrupt && (
        <button onClick={() => stream.submit(undefined, { command: { resume: "yes" } })}>
          {`Answer ${stream.interrupt.value}`}
        </button>
      )}
      {stream.error != null && <p role="alert">{String(stream.error.message ?? stream.error)}</p>}
    </main>
  );
}

createRoot(document.getElementById("root")).render(<Chat />);
