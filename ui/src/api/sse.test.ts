import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventParser, readEvents, type ServerEvent } from "./sse";

const CORPUS: readonly (readonly [string, string, ServerEvent[]])[] = [
  [
    "what the service sends",
    'event: metadata\r\ndata: {"run_id": "1"}\r\n\r\nevent: data\r\ndata: "é😀"\r\n\r\nevent: end\r\n\r\n',
    [of("metadata", '{"run_id": "1"}'), of("data", '"é😀"'), of("end", null)],
  ],
  ["line feeds", "data: a\n\ndata: b\n\n", [of("message", "a"), of("message", "b")]],
  ["carriage returns", "data: a\r\rdata: b\r\r", [of("message", "a"), of("message", "b")]],
  ["mixed ends of lines", "data: a\r\n\ndata: b\n\r\n", [of("message", "a"), of("message", "b")]],
  ["comments", ": ping\r\n\r\n:\r\n: data: x\r\ndata: a\r\n\r\n", [of("message", "a")]],
  ["several lines of data", "data: a\ndata\ndata:  b\n\n", [of("message", "a\n\n b")]],
  ["no blank after the colon", "event:x\ndata:a:b\n\n", [of("x", "a:b")]],
  ["a byte order mark", "\u{feff}data: a\n\n", [of("message", "a")]],
  [
    "ids, which stay, and waiting times",
    "id: 7\nretry: 10\ndata: a\n\ndata: b\n\nid\ndata: c\n\nid: x\0\ndata: d\n\n",
    [of("message", "a", "7"), of("message", "b", "7"), of("message", "c"), of("message", "d")],
  ],
  ["unknown fields", "foo: 1\nbar\ndata: a\n\n", [of("message", "a")]],
  ["empty data", "data\n\ndata:\n\n", [of("message", ""), of("message", "")]],
  ["an end without a blank line", "data: a\n\nevent: end", [of("message", "a"), of("end", null)]],
  ["an end inside a line of data", "data: a\r\ndata: b", [of("message", "a\nb")]],
  ["nothing", "", []],
  ["blank lines alone", "\r\n\r\n\n\n", []],
];

function of(event: string, data: string | null, id = ""): ServerEvent {
  return { event, data, id };
}

function parsed(pieces: readonly Uint8Array[]): ServerEvent[] {
  const parser = new EventParser();
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
}

function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...[...places].sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, at) => bytes.subarray(sorted[at], end));
}

describe.each(CORPUS)("%s", (_name, text, expected) => {
  const bytes = new TextEncoder().encode(text);

  test("comes out whole", () => expect(parsed([bytes])).toEqual(expected));

  test("comes out byte by byte", () => {
    expect(parsed(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  test("comes out whatever two places it is cut at", () => {
    for (let first = 0; first <= bytes.length; first += 1) {
      for (let second = first; second <= bytes.length; second += 1) {
        expect(parsed(cutAt(bytes, [first, second]))).toEqual(expected);
      }
    }
  });
});

test("any text in any pieces gives the events of the whole", () => {
  const line = fc.oneof(
    fc.constantFrom("", "data: x", "event: e", "id: 1", ": c", "data", "\u{feff}"),
    fc.string({ unit: "grapheme" }),
  );
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom("\n", "\r", "\r\n")))
    .map((lines) => lines.flat().join(""));
  fc.assert(
    fc.property(stream, fc.array(fc.nat()), (text, places) => {
      const bytes = new TextEncoder().encode(text);
      const within = places.map((place) => place % (bytes.length + 1));
      expect(parsed(cutAt(bytes, within))).toEqual(parsed([bytes]));
    }),
  );
});

test("a huge event in small pieces takes time in proportion to its length", () => {
  const piece = new TextEncoder().encode("x".repeat(1_000));
  const parser = new EventParser();
  parser.push(new TextEncoder().encode("data: "));
  for (let count = 0; count < 20_000; count += 1) expect(parser.push(piece)).toEqual([]);
  expect(parser.end()[0]?.data).toHaveLength(20_000_000);
});

test("remembers how long to wait", () => {
  const parser = new EventParser();
  parser.push(new TextEncoder().encode("retry: 1500\nretry: soon\n"));
  expect(parser.retry).toBe(1_500);
});

describe("reading a body", () => {
  test("gives out what arrives together, and leaves the body closed", async () => {
    const body = streamOf("data: a\n\ndata: b\n\n", "data: c\n\n");
    const groups = await collected(readEvents(body));
    expect(groups.map((group) => group.map((event) => event.data))).toEqual([["a", "b"], ["c"]]);
    expect(body.locked).toBe(false);
  });

  test("cancels the body when its reader leaves", async () => {
    let reason: unknown = "not cancelled";
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("data: a\n\n")),
      cancel: (given) => {
        reason = given;
      },
    });
    for await (const _group of readEvents(body)) break;
    expect(reason).toBeUndefined();
  });

  test("is aborted while it waits", async () => {
    const aborting = new AbortController();
    const reading = readEvents(new ReadableStream<Uint8Array>(), aborting.signal).next();
    aborting.abort();
    await expect(reading).rejects.toMatchObject({ name: "Failure", kind: "aborted" });
  });

  test("tells a connection that broke", async () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new TypeError("network error")),
    });
    const reading = readEvents(body).next();
    await expect(reading).rejects.toMatchObject({ kind: "network", detail: "network error" });
  });
});

function streamOf(...pieces: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
}

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
