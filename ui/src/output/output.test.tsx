import { act, fireEvent, render, screen, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { Failure } from "../api";
import { ToastProvider } from "../design";
import { EventList } from "./EventList";
import { detailsOf, FailureCard } from "./FailureCard";
import { Output } from "./Output";
import { rowsInSight } from "./rows";
import { shapeOf } from "./shapes";

const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

function show(value: unknown) {
  return render(<Output value={value} />, { wrapper: ToastProvider }).container;
}

describe("markdown", () => {
  test("is rendered", async () => {
    show("# Title\n\n**bold** and `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done");

    expect((await screen.findByRole("heading", { level: 3 })).textContent).toBe("Title");
    expect((await screen.findByText("bold")).tagName).toBe("STRONG");
    expect(await screen.findByRole("table")).toBeTruthy();
    expect(await screen.findByRole("img", { name: "done" })).toBeTruthy();
  });

  test("shows HTML as nothing but text, and makes no element of it", async () => {
    const container = show(
      'Hello <img src=x onerror="alert(1)"> **there**\n\n<script>alert(1)</script>\n\n<iframe src="https://evil.test"></iframe>',
    );
    await screen.findByText("there");

    expect(container.querySelector("script, iframe, img, [onerror]")).toBeNull();
  });

  test.each([
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x](//evil.test/)",
    "[x](/session)",
    "[x](&#106;avascript:alert(1))",
  ])("links nowhere with %s", async (text) => {
    const container = show(`${text} **there**`);
    await screen.findByText("there");

    expect(container.querySelector("a")).toBeNull();
  });

  test("links elsewhere say where, and take nothing along", async () => {
    show("[the docs](https://docs.test/page)");
    const link = await screen.findByRole("link", { name: "the docs" });

    expect(link.getAttribute("href")).toBe("https://docs.test/page");
    expect(link.getAttribute("rel")).toBe("noopener noreferrer nofollow");
    expect(screen.getByText("(docs.test)")).toBeTruthy();
  });

  test("images elsewhere are not loaded; those in the text are shown", async () => {
    const container = show(
      `![secret](https://evil.test/p.png?q=prompt)\n\n![dot](data:image/png;base64,${PIXEL})`,
    );

    expect(await screen.findByRole("link", { name: /Open the image at evil.test/ })).toBeTruthy();
    expect(await screen.findByRole("img", { name: "dot" })).toBeTruthy();
    expect(container.querySelectorAll("img")).toHaveLength(1);
  });

  test("code keeps every character, and can be copied", async () => {
    show("```python\nif a < b:\n\n    print('<b>')\n```");
    const block = await screen.findByRole("region", { name: "Code, python" });

    expect(block.textContent).toBe("if a < b:\n\n    print('<b>')");
    expect(screen.getByRole("button", { name: /Copy/ })).toBeTruthy();
  });

  test("code has its words told apart, with nothing but texts in it", async () => {
    const container = show('```js\nconst a = "<img src=x onerror=alert(1)>"; // no\n```');
    const string = await screen.findByText('"<img src=x onerror=alert(1)>"');

    expect(string.tagName).toBe("SPAN");
    expect(screen.getByText("const").className).not.toBe(string.className);
    expect(container.querySelector("pre")?.textContent).toBe(
      'const a = "<img src=x onerror=alert(1)>"; // no',
    );
    expect(container.querySelector("img")).toBeNull();
  });

  test.each(["nosuchlanguage", "constructor", "__proto__"])(
    "code in %s stays as it is",
    async (name) => {
      const container = show(`\`\`\`${name}\nconst a = 1;\n\`\`\`\n\n\`\`\`js\nlet b;\n\`\`\``);
      await screen.findByText("let");

      expect(container.querySelector("pre code")?.innerHTML).toBe("const a = 1;");
    },
  );

  test("code that is still being written is not read yet", async () => {
    const grown = (text: string) => (
      <Output value={`\`\`\`js\nlet a;\n\`\`\`\n\n${text}`} streaming />
    );
    const { rerender, container } = render(grown("```js\nconst b"), { wrapper: ToastProvider });
    await screen.findByText("let");
    expect(container.querySelectorAll("pre code")[1]?.innerHTML).toBe("const b");
    rerender(grown("```js\nconst b;\n```"));

    expect((await screen.findByText("const")).tagName).toBe("SPAN");
  });

  test("while it grows, finished blocks stay the same elements", async () => {
    const { rerender } = render(<Output value={"first\n\nsec"} />, { wrapper: ToastProvider });
    const first = await screen.findByText("first");
    await screen.findByText("sec");
    rerender(<Output value={"first\n\nsecond **part**\n\nthird"} />);
    await screen.findByText("third");

    expect(screen.getByText("first")).toBe(first);
  });
});

describe("what is selected", () => {
  function select(node: Node) {
    const range = document.createRange();
    range.selectNodeContents(node);
    document.getSelection()?.removeAllRanges();
    document.getSelection()?.addRange(range);
    document.dispatchEvent(new Event("selectionchange"));
  }

  function drop() {
    document.getSelection()?.removeAllRanges();
    document.dispatchEvent(new Event("selectionchange"));
  }

  test("is left alone while the text grows, and caught up with after", async () => {
    const { rerender } = render(<Output value="one two" streaming />, { wrapper: ToastProvider });
    const words = await screen.findByText("one two");
    act(() => select(words));
    rerender(<Output value={"one two three\n\nfour"} streaming />);
    await screen.findByText("four");
    expect(words.textContent).toBe("one two");
    expect(document.getSelection()?.toString()).toBe("one two");

    act(() => drop());
    expect(await screen.findByText("one two three")).toBeTruthy();
  });

  test("does not hold back the end", async () => {
    const { rerender } = render(<Output value="one" streaming />, { wrapper: ToastProvider });
    const word = await screen.findByText("one");
    act(() => select(word));
    rerender(<Output value="one two" />);

    expect(await screen.findByText("one two")).toBeTruthy();
    act(() => drop());
  });
});

describe("messages", () => {
  test("are bubbles with their roles, calls and tokens", async () => {
    show({
      messages: [
        { type: "human", content: "Hi *there*" },
        {
          type: "ai",
          content: [
            { type: "thinking", thinking: "Hm." },
            { type: "text", text: "Let me **look**" },
            { type: "tool_use", id: "1", name: "weather", input: {} },
          ],
          tool_calls: [{ id: "1", name: "weather", args: { city: "Köln" } }],
          usage_metadata: { input_tokens: 5, output_tokens: 7, total_tokens: 12 },
        },
        { type: "tool", name: "weather", content: "Sun", status: "error" },
      ],
      other: 1,
    });

    expect(screen.getByRole("article", { name: "User" }).textContent).toContain("Hi *there*");
    const ai = screen.getByRole("article", { name: "Assistant" });
    expect((await within(ai).findByText("look")).tagName).toBe("STRONG");
    expect(within(ai).queryByText("Hm.")).toBeNull();
    fireEvent.click(within(ai).getByRole("button", { name: "Reasoning" }));
    expect(within(ai).getByText("Hm.")).toBeTruthy();
    expect(within(ai).getByRole("article", { name: "Calls weather" }).textContent).toContain(
      "Köln",
    );
    expect(within(ai).getByText("5 → 7 tokens")).toBeTruthy();
    expect(screen.getByRole("article", { name: "Tool · weather" }).textContent).toContain("failed");
    expect(screen.getByRole("button", { name: "Other values" })).toBeTruthy();
  });

  test("a call is shown while its arguments are still being written", () => {
    const chunk = { index: 0, id: "1", name: "add", args: '{"a": 1' };
    show({ type: "AIMessageChunk", content: "", tool_call_chunks: [chunk] });

    expect(screen.getByRole("region", { name: "Arguments" }).textContent).toBe('{"a": 1');
  });

  test("what nodes of a graph added is shown as messages", () => {
    show([{ model: { messages: [{ type: "human", content: "one" }] } }]);
    expect(screen.getByText("one")).toBeTruthy();
  });

  test("images in them are shown where they are in the data", () => {
    const container = show({
      type: "human",
      content: [
        { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } },
        { type: "image", source_type: "base64", mime_type: "image/png", data: PIXEL },
        { type: "image_url", image_url: "https://evil.test/x.png" },
        { type: "image", source_type: "base64", mime_type: "text/html", data: "PGI+" },
      ],
    });
    expect(container.querySelectorAll("img")).toHaveLength(2);
  });
});

describe("other shapes", () => {
  test.each([
    [undefined, "nothing"],
    ["", "text"],
    [PIXEL, "image"],
    ["data:image/png;base64,AAAA", "image"],
    ["data:text/html;base64,AAAA", "text"],
    [{ type: "bytes", data: PIXEL }, "image"],
    [0, "scalar"],
    [false, "scalar"],
    [null, "scalar"],
    [[], "data"],
    [{}, "data"],
    [{ messages: [] }, "data"],
    [{ messages: "none" }, "data"],
    [{ type: "ai" }, "data"],
    [[{ page_content: "x", metadata: {} }], "documents"],
    [[[{ page_content: "x", metadata: {} }, 0.5]], "documents"],
    [{ messages: [{ type: "ai", content: "x" }], type: "ChatPromptValueConcrete" }, "state"],
    [{ a: { b: 1 } }, "data"],
  ])("%j is %s", (value, kind) => {
    expect(shapeOf(value).kind).toBe(kind);
  });

  test("documents are cards with what is known of them", () => {
    show([[{ page_content: "Moor", metadata: { source: "a.txt", page: 3 } }, 0.25]]);

    expect(screen.getByRole("heading", { name: "a.txt" })).toBeTruthy();
    expect(screen.getByText("Moor")).toBeTruthy();
    expect(screen.getByText("score 0.25")).toBeTruthy();
  });

  test("scalars are whole", () => {
    show(12345678901.5);
    expect(screen.getByText("12345678901.5")).toBeTruthy();
  });

  test("an object is a tree, or JSON", () => {
    show({ html: "<b>x</b>" });
    fireEvent.click(screen.getByRole("radio", { name: "JSON" }));
    expect(screen.getByRole("region", { name: "JSON" }).textContent).toContain('"<b>x</b>"');
  });
});

describe("a failure", () => {
  const failure = new Failure({
    kind: "http",
    title: "The input does not fit (422)",
    detail: "text: Field required",
    status: 422,
    requestId: "r-1",
    retryAfter: 3,
    fieldErrors: [{ loc: ["person", 0, "name"], msg: "<b>required</b>", type: "missing" }],
    body: '{"detail": []}',
  });

  test("says all that is known", () => {
    const step = { name: "add", error: "<KeyError>" };
    render(<FailureCard failure={failure} runId="run-1" step={step} />, { wrapper: ToastProvider });
    const card = screen.getByRole("alert");

    expect(within(card).getByText("In the step add: <KeyError>")).toBeTruthy();
    for (const text of ["422", "r-1", "run-1", "person.0.name:", "Try again in 3 s."]) {
      expect(within(card).getByText(text)).toBeTruthy();
    }
    expect(card.textContent).toContain("<b>required</b>");
  });

  test("can be copied in full", () => {
    expect(detailsOf(failure, "run-1").split("\n")).toEqual([
      "The input does not fit (422)",
      "text: Field required",
      "Status: 422",
      "Request: r-1",
      "Run: run-1",
      "person.0.name: <b>required</b>",
      "",
      '{"detail": []}',
    ]);
  });
});

describe("the list of events", () => {
  const events = Array.from({ length: 2_000 }, (_, at) => ({
    index: at + 100,
    at,
    event: "data",
    data: `{"n": ${at}}`,
  }));

  test("shows those in sight, and one in full", () => {
    render(<EventList events={events} count={2_100} />, { wrapper: ToastProvider });
    const list = screen.getByRole("listbox", { name: "Events" });
    expect(within(list).getAllByRole("option").length).toBeLessThan(100);
    expect(screen.getByText("100 earlier events are not kept.")).toBeTruthy();

    fireEvent.keyDown(list, { key: "ArrowDown" });
    fireEvent.keyDown(list, { key: "ArrowDown" });
    expect(screen.getByRole("region", { name: "Event 102" }).textContent).toBe('{\n  "n": 1\n}');
  });

  test.each([
    [100, 0, 400, 0, 100],
    [1_000, 0, 400, 0, 40],
    [1_000, 10_000, 400, 480, 540],
    [1_000, 1e9, 400, 1_000, 1_000],
  ])("of %d rows, scrolled by %d, %d high, shows %d to %d", (count, top, height, first, last) => {
    expect(rowsInSight(count, 20, top, height)).toEqual({ first, last });
  });
});
