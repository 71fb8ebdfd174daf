import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import fc from "fast-check";
import { createRef, type Ref, useState } from "react";
import { describe, expect, test } from "vitest";
import {
  type FieldErrors,
  type FormModel,
  formModel,
  initialValue,
  type Json,
  takeApart,
  toInput,
  type Value,
} from "../schema";
import { broken } from "../schema/fixtures/broken";
import chatModel from "../schema/fixtures/chat-model.json";
import config from "../schema/fixtures/config.json";
import graph from "../schema/fixtures/graph.json";
import prompt from "../schema/fixtures/prompt.json";
import shapes from "../schema/fixtures/shapes.json";
import upload from "../schema/fixtures/upload.json";
import { SchemaForm, type SchemaFormHandle } from "./index";

interface PageProps {
  model: FormModel;
  first: Value;
  errors: FieldErrors | undefined;
  handle: Ref<SchemaFormHandle>;
  hear: (value: Value) => void;
}

function Page({ model, first, errors, handle, hear }: PageProps) {
  const [value, setValue] = useState(first);
  const change = (next: Value) => {
    setValue(next);
    hear(next);
  };
  return <SchemaForm ref={handle} schema={model} value={value} onChange={change} errors={errors} />;
}

function show(schema: unknown, json?: Json, errors?: FieldErrors) {
  const model = formModel(schema);
  const handle = createRef<SchemaFormHandle>();
  let now = json === undefined ? initialValue(model) : takeApart(json, model);
  const hear = (value: Value) => {
    now = value;
  };
  render(<Page {...{ model, errors, handle, hear }} first={now} />);
  const check = () => {
    let fine: boolean | undefined;
    act(() => {
      fine = handle.current?.check();
    });
    return fine;
  };
  return { sent: () => toInput(model, now), check };
}

function type(name: string, text: string) {
  fireEvent.change(screen.getByRole("textbox", { name }), { target: { value: text } });
}

async function choose(field: string, action: string) {
  fireEvent.keyDown(screen.getByRole("button", { name: `More for ${field}` }), { key: "Enter" });
  fireEvent.click(await screen.findByRole("menuitem", { name: action }));
}

const PERSON = {
  type: "object",
  required: ["name"],
  properties: {
    name: { type: "string", description: "As in your passport" },
    age: { type: "integer", minimum: 0 },
    nick: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
  },
};

describe("the form", () => {
  test.each([
    ["shapes", shapes],
    ["chat model", chatModel],
    ["configuration", config],
    ["graph", graph],
    ["prompt", prompt],
    ["upload", upload],
  ])("of %s has a name on every control and no id twice", (_, schema) => {
    show(schema);
    for (const control of document.querySelectorAll("input, select, textarea, button")) {
      const labels = (control as HTMLInputElement).labels;
      const name =
        control.getAttribute("aria-label") ??
        (labels !== null && labels.length > 0 ? labels[0]?.textContent : control.textContent);
      expect(name, control.outerHTML).toBeTruthy();
    }
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  test("complains only after the field was left, or when it is checked", () => {
    const { check } = show(PERSON);
    expect(screen.queryByText("Required")).toBeNull();

    const name = screen.getByRole("textbox", { name: "Name" });
    fireEvent.blur(name);
    expect(screen.getByText("Required")).toBeTruthy();
    expect(name.getAttribute("aria-invalid")).toBe("true");

    type("Name", "Ada");
    expect(screen.queryByText("Required")).toBeNull();
    expect(check()).toBe(true);
  });

  test("goes to the first complaint when it is checked, also behind the fold", () => {
    const { check } = show(PERSON, { name: "Ada" });
    fireEvent.click(screen.getByRole("button", { name: "2 optional fields" }));
    type("Age", "x");
    fireEvent.click(screen.getByRole("button", { name: /2 optional fields/ }));
    expect(screen.queryByRole("textbox", { name: "Age" })).toBeNull();

    expect(check()).toBe(false);
    expect(document.activeElement).toBe(screen.getByRole("textbox", { name: "Age" }));
    expect(screen.getByText("Must be a number")).toBeTruthy();
  });

  test("leaves out what is not set and sends null where it was chosen", async () => {
    const { sent } = show(PERSON, { name: "Ada" });
    expect(sent()).toEqual({ name: "Ada" });
    fireEvent.click(screen.getByRole("button", { name: "2 optional fields" }));
    await choose("Nick", "Send null");
    expect(sent()).toEqual({ name: "Ada", nick: null });
    type("Age", "36");
    expect(sent()).toEqual({ name: "Ada", age: 36, nick: null });
    await choose("Nick", "Leave out");
    expect(sent()).toEqual({ name: "Ada", age: 36 });
  });

  test("is reset to its defaults", () => {
    const { sent } = show({ type: "object", properties: { a: { type: "string", default: "x" } } });
    type("A", "y");
    fireEvent.click(screen.getByRole("button", { name: "Reset" }));
    expect(sent()).toEqual({ a: "x" });
  });

  test("shows what the server says about a field until the value changes", () => {
    show(PERSON, { name: "Ada" }, new Map([["/name", "is taken"]]));
    const name = screen.getByRole("textbox", { name: "Name" });
    expect(screen.getByText("is taken")).toBeTruthy();
    expect(document.activeElement).toBe(name);
    const described = (name.getAttribute("aria-describedby") ?? "").split(" ");
    expect(described.map((id) => document.getElementById(id)?.textContent)).toContain("is taken");

    type("Name", "Grace");
    expect(screen.queryByText("is taken")).toBeNull();
  });

  test("is edited as JSON and back", () => {
    const { sent } = show(PERSON, { name: "Ada" });
    fireEvent.click(screen.getByRole("radio", { name: "JSON" }));
    const editor = screen.getByRole("textbox", { name: "Value" });
    fireEvent.change(editor, { target: { value: '{"name":"Grace","more":1}' } });
    fireEvent.click(screen.getByRole("radio", { name: "Form" }));
    expect((screen.getByRole("textbox", { name: "Name" }) as HTMLInputElement).value).toBe("Grace");
    expect(screen.getByText("Also sent: more.")).toBeTruthy();
    expect(sent()).toEqual({ name: "Grace", more: 1 });
  });

  test("takes pasted JSON apart, and back", () => {
    const { sent } = show(PERSON, { name: "Ada" });
    fireEvent.paste(screen.getByRole("textbox", { name: "Name" }), {
      clipboardData: { getData: () => '{"name":"Grace","age":85}' },
    });
    expect(sent()).toEqual({ name: "Grace", age: 85 });
    fireEvent.click(screen.getByRole("button", { name: "Undo" }));
    expect(sent()).toEqual({ name: "Ada" });
  });

  test("keeps what pasted JSON does not name, and leaves other JSON to the text", () => {
    const { sent } = show(PERSON, { name: "Ada", age: 36 });
    const paste = (text: string) =>
      fireEvent.paste(screen.getByRole("textbox", { name: "Name" }), {
        clipboardData: { getData: () => text },
      });
    paste('{"age":37}');
    expect(sent()).toEqual({ name: "Ada", age: 37 });
    // The event goes on to the browser, which puts the text into the field.
    expect(paste('{"colour":"red"}')).toBe(true);
    expect(sent()).toEqual({ name: "Ada", age: 37 });
  });

  test("shows what the server says about a kind that was not chosen, and about one of the choices", () => {
    const schema = {
      type: "object",
      required: ["mixed", "tags"],
      properties: {
        mixed: { anyOf: [{ type: "integer" }, { type: "array", items: { type: "string" } }] },
        tags: { type: "array", items: { enum: ["x", "y"] } },
      },
    };
    const errors = new Map([
      ["/mixed/0", "is no text"],
      ["/tags/0", "is out of fashion"],
    ]);
    show(schema, { mixed: 3, tags: ["x"] }, errors);
    expect(screen.getByText("is no text")).toBeTruthy();
    expect(screen.getByText("is out of fashion")).toBeTruthy();
  });

  test("shows hostile texts as text", () => {
    const hostile = "<img src=x onerror=alert(1)>";
    show({
      type: "object",
      required: [hostile],
      properties: { [hostile]: { type: "string", title: hostile, description: hostile } },
    });
    expect(document.querySelector("img")).toBeNull();
    expect(screen.getByRole("textbox", { name: hostile })).toBeTruthy();
  });
});

test("no schema, however broken, breaks the page", () => {
  fc.assert(
    fc.property(broken, fc.jsonValue({ maxDepth: 3 }), (schema, json) => {
      show(schema);
      show(schema, json as Json);
      cleanup();
    }),
    { numRuns: 60, seed: 7 },
  );
});

describe("fields", () => {
  test("a chat model is asked with text or messages", () => {
    const { sent } = show(chatModel);
    const kinds = within(screen.getByRole("radiogroup", { name: /^Kind of/ }));
    expect(kinds.getAllByRole("radio").map((kind) => kind.textContent)).toEqual([
      "Text",
      "Messages",
    ]);
    fireEvent.click(screen.getByRole("radio", { name: "Messages" }));
    type("Text of message 1", "hi");
    expect(sent()).toEqual([{ type: "human", content: "hi" }]);
  });

  test("an image is attached to a message, and taken away again", async () => {
    const { sent } = show(graph);
    type("Text of message 1", "What is it?");
    const png = new File([new Uint8Array([137, 80, 78, 71])], "a.png", { type: "image/png" });
    fireEvent.change(screen.getByLabelText("Attach images or files to message 1"), {
      target: { files: [png] },
    });
    expect(await screen.findByRole("img", { name: "Preview of image" })).toBeTruthy();
    const url = "data:image/png;base64,iVBORw==";
    expect(sent()).toEqual({
      messages: [
        {
          type: "human",
          content: [
            { type: "text", text: "What is it?" },
            { type: "image_url", image_url: { url } },
          ],
        },
      ],
    });
    type("Text of message 1", "");
    const image = { type: "image_url", image_url: { url } };
    expect(sent()).toEqual({ messages: [{ type: "human", content: [image] }] });
    type("Text of message 1", "And now?");
    fireEvent.click(screen.getByRole("button", { name: "Remove the file" }));
    expect(sent()).toEqual({ messages: [{ type: "human", content: "And now?" }] });
  });

  test("a text that is empty keeps its place among the parts of a message", () => {
    const image = (name: string) => ({
      type: "image_url",
      image_url: { url: `data:image/png;base64,${name}` },
    });
    const parts = [image("AAAA"), image("BBBB")];
    const { sent } = show(graph, { messages: [{ type: "human", content: parts }] });
    fireEvent.click(screen.getByRole("button", { name: "Move Part 2 of message 1 up" }));
    const [first] = screen.getAllByRole("button", { name: "Remove the file" });
    const text = screen.getByRole("textbox", { name: "Text of message 1" });
    expect(first?.compareDocumentPosition(text)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
    expect(sent()).toEqual({ messages: [{ type: "human", content: parts }] });
    type("Text of message 1", "Between");
    const content = [parts[0], { type: "text", text: "Between" }, parts[1]];
    expect(sent()).toEqual({ messages: [{ type: "human", content }] });
  });

  test("a choice that is missing is linked to its complaint and gets the focus", () => {
    const { check } = show({ enum: ["a", "b"], title: "Mood" });
    expect(check()).toBe(false);
    const group = screen.getByRole("radiogroup", { name: "Mood" });
    expect(group.getAttribute("aria-invalid")).toBe("true");
    const described = document.getElementById(group.getAttribute("aria-describedby") ?? "");
    expect(described?.textContent).toBe("Required");
    expect(group.contains(document.activeElement)).toBe(true);
  });

  test("a long list of choices is searched", () => {
    const names = Array.from({ length: 200 }, (_, index) => `place ${index}`);
    const { sent, check } = show({ enum: names, title: "Place" });
    const box = screen.getByRole("combobox", { name: "Place" });
    fireEvent.change(box, { target: { value: "place 1" } });
    expect(sent()).toBe("place 1");
    fireEvent.change(box, { target: { value: "place x" } });
    expect(check()).toBe(false);
    expect(screen.getByText("Must be one of the choices")).toBeTruthy();
  });

  test("a value that may be true, false or missing is all three", () => {
    const { sent } = show({
      type: "object",
      required: ["b"],
      properties: { a: { type: "boolean", default: true }, b: { type: "boolean" } },
    });
    expect(sent()).toEqual({ a: true, b: false });
    fireEvent.click(screen.getByRole("radio", { name: "Not set" }));
    fireEvent.click(screen.getByRole("checkbox", { name: /Yes/ }));
    expect(sent()).toEqual({ b: true });
  });

  test("a list grows, shrinks and is sorted by keyboard", () => {
    const { sent } = show({ type: "array", items: { type: "string" } }, ["a", "b"]);
    fireEvent.click(screen.getByRole("button", { name: /^Add/ }));
    type("Item 3", "c");
    fireEvent.keyDown(screen.getByRole("textbox", { name: "Item 3" }), {
      key: "ArrowUp",
      altKey: true,
    });
    expect(sent()).toEqual(["a", "c", "b"]);
    fireEvent.click(screen.getByRole("button", { name: "Remove Item 1" }));
    expect(sent()).toEqual(["c", "b"]);
  });

  test("a map has keys and values", () => {
    const { sent } = show({ type: "object", additionalProperties: { type: "integer" } });
    fireEvent.click(screen.getByRole("button", { name: /^Add/ }));
    type("Key 1", "a");
    type("a", "4");
    expect(sent()).toEqual({ a: 4 });
  });

  test("a union keeps what was written under each of its kinds", () => {
    const { sent } = show({
      anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }],
    });
    type("Text", "hello");
    fireEvent.click(screen.getByRole("radio", { name: "List of text" }));
    expect(sent()).toEqual([]);
    fireEvent.click(screen.getByRole("radio", { name: "Text" }));
    expect(sent()).toBe("hello");
  });

  test("a bounded number has a slider and a box", () => {
    const { sent } = show({ type: "number", minimum: 0, maximum: 1, title: "Share", default: 0.5 });
    fireEvent.change(screen.getByRole("slider", { name: "Share, slider" }), {
      target: { value: "0.25" },
    });
    expect(sent()).toBe(0.25);
    type("Share", "0.3");
    expect(sent()).toBe(0.3);
  });

  test("a recursive schema opens on demand", () => {
    const { sent } = show({ ...shapes.$defs.Tree, $defs: shapes.$defs });
    type("Name", "root");
    fireEvent.click(screen.getByRole("button", { name: "1 optional field" }));
    fireEvent.click(screen.getByRole("button", { name: "Set Parent" }));
    expect(
      within(screen.getByRole("group", { name: "Parent" })).getByRole("textbox", { name: "Name" }),
    ).toBeTruthy();
    expect(sent()).toMatchObject({ name: "root" });
  });

  test("messages are composed", () => {
    const { sent } = show(graph);
    type("Text of message 1", "hello");
    fireEvent.click(screen.getByRole("button", { name: "Add message" }));
    type("Text of message 2", "hi");
    fireEvent.change(screen.getByRole("combobox", { name: "Role of message 1" }), {
      target: { value: "system" },
    });
    expect(sent()).toEqual({
      messages: [
        { type: "system", content: "hello" },
        { type: "ai", content: "hi" },
      ],
    });
  });

  test("a file becomes base64, and a large one is refused", async () => {
    const { sent } = show({ type: "string", format: "byte", title: "Picture" });
    const picker = screen.getByLabelText("Picture", { selector: "input" });
    fireEvent.change(picker, { target: { files: [new File(["hello"], "a.txt")] } });
    expect(await screen.findByText("Holds 5 B.")).toBeTruthy();
    expect(sent()).toBe("aGVsbG8=");
    const large = new File([new Uint8Array(11 * 2 ** 20)], "b.bin");
    fireEvent.change(picker, { target: { files: [large] } });
    expect((await screen.findByRole("alert")).textContent).toContain("the limit is 10.0 MiB");
  });

  test("a file is dropped onto its field; beside it, nothing happens to the page", async () => {
    const { sent } = show({ type: "string", format: "binary", title: "Notes" });
    const dataTransfer = { files: [new File(["hello"], "a.txt")], types: ["Files"] };
    const beside = screen.getByRole("button", { name: "Reset" });
    expect(fireEvent.drop(beside, { dataTransfer })).toBe(false);
    fireEvent.drop(screen.getByText("Choose a file or drop one here"), { dataTransfer });
    expect(await screen.findByText("a.txt")).toBeTruthy();
    expect(sent()).toBe("hello");
  });

  test("nothing can be changed while the form is disabled", () => {
    const model = formModel(shapes);
    const unheard = () => expect.unreachable();
    render(<SchemaForm schema={model} value={initialValue(model)} onChange={unheard} disabled />);
    const enabled = [...document.querySelectorAll("input, select, textarea, button")].filter(
      (control) => !control.matches("fieldset[disabled] *"),
    );
    expect(enabled).toEqual([]);
    const readOnly = screen.getByRole("textbox", { name: "Anything" }) as HTMLTextAreaElement;
    expect(readOnly.readOnly).toBe(true);
    expect(screen.queryByRole("button", { name: /^More for/ })).toBeNull();
  });

  test("text in a free field becomes JSON on demand", () => {
    const { sent } = show({ title: "Anything" });
    fireEvent.change(screen.getByRole("textbox", { name: "Anything" }), {
      target: { value: "hello" },
    });
    fireEvent.click(screen.getByRole("button", { name: "Use it as text" }));
    expect(sent()).toBe("hello");
  });

  test("a date and a time carry their zone", () => {
    const { sent } = show(
      { type: "string", format: "date-time", title: "Start" },
      "2026-01-31T12:00:00Z",
    );
    fireEvent.change(screen.getByLabelText("Start"), { target: { value: "2026-01-31T13:00:00" } });
    expect(sent()).toBe("2026-01-31T13:00:00Z");
    fireEvent.change(screen.getByRole("combobox", { name: "Start, time zone" }), {
      target: { value: "" },
    });
    expect(sent()).toBe("2026-01-31T13:00:00");
  });
});
