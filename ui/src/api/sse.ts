import { failureOf } from "./failure";

/** One server-sent event. */
export interface ServerEvent {
  /** `message` where the stream names none. */
  event: string;
  /** The lines of data, joined; null for an event that has none, such as `end`. */
  data: string | null;
  /** The last id that the stream told. */
  id: string;
}

/**
 * Takes a stream of events apart, however its bytes are cut.
 *
 * As the standard says it, but for two things that help: an event that has a name and no data is
 * given out too, since that is how `end` comes, and so is a last event without the blank line.
 */
export class EventParser {
  /** How long the server asks to wait before connecting again, in milliseconds. */
  retry: number | null = null;
  readonly #decoder = new TextDecoder("utf-8"); // Drops a byte order mark at the beginning.
  #pieces: string[] = [];
  #afterReturn = false;
  #event = "";
  #data: string[] = [];
  #id = "";

  /** Take in bytes; returns the events that they complete. */
  push(bytes: Uint8Array): ServerEvent[] {
    return this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Say that nothing follows; returns the event that was not closed, if any. */
  end(): ServerEvent[] {
    const events = this.#take(this.#decoder.decode());
    if (this.#pieces.length > 0) events.push(...this.#line(this.#joined("")));
    return [...events, ...this.#dispatched()];
  }

  #take(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    let from = 0;
    if (this.#afterReturn && text !== "") {
      // The line feed of a CRLF that was cut in two.
      if (text.startsWith("\n")) from = 1;
      this.#afterReturn = false;
    }
    const ends = /[\r\n]/g;
    for (;;) {
      ends.lastIndex = from;
      const at = ends.exec(text)?.index;
      if (at === undefined) break;
      events.push(...this.#line(this.#joined(text.slice(from, at))));
      from = at + 1;
      if (text[at] === "\r") {
        if (from === text.length) this.#afterReturn = true;
        else if (text[from] === "\n") from += 1;
      }
    }
    if (from < text.length) this.#pieces.push(text.slice(from));
    return events;
  }

  /** The line that ends here. Its pieces are joined once, so that a huge line costs its length. */
  #joined(last: string): string {
    if (this.#pieces.length === 0) return last;
    const line = this.#pieces.join("") + last;
    this.#pieces = [];
    return line;
  }

  #line(line: string): ServerEvent[] {
    if (line === "") return this.#dispatched();
    const colon = line.indexOf(":");
    if (colon === 0) return []; // A comment.
    const name = colon === -1 ? line : line.slice(0, colon);
    const rest = colon === -1 ? "" : line.slice(colon + 1);
    this.#field(name, rest.startsWith(" ") ? rest.slice(1) : rest);
    return [];
  }

  #field(name: string, value: string): void {
    if (name === "event") this.#event = value;
    else if (name === "data") this.#data.push(value);
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
  }

  #dispatched(): ServerEvent[] {
    if (this.#event === "" && this.#data.length === 0) return [];
    const data = this.#data.length === 0 ? null : this.#data.join("\n");
    const event = { event: this.#event || "message", data, id: this.#id };
    this.#event = "";
    this.#data = [];
    return [event];
  }
}

/**
 * Read events from a body until it ends; leaving the loop closes the connection.
 *
 * They come in the groups in which they arrived, so that whoever shows them can show them at once.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<ServerEvent[], void, void> {
  const reader = body.getReader();
  const parser = new EventParser();
  const abort = () => void reader.cancel(signal?.reason).catch(() => undefined);
  signal?.addEventListener("abort", abort);
  let finished = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      const events = done ? parser.end() : parser.push(value);
      if (events.length > 0) yield events;
      if (done) break;
    }
    finished = true;
  } catch (thrown) {
    throw failureOf(thrown);
  } finally {
    signal?.removeEventListener("abort", abort);
    // A body that broke refuses to be cancelled, and that was told already.
    if (!finished) await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}
