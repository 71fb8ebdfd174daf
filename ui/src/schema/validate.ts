import { complaintsOf } from "./check";
import { inWords, isObject, type Json, type Path, parsed, pointer, without } from "./json";
import { isMessage, roleOf } from "./messages";
import type { Field, FormModel, MapField, MessagesField, ObjectField } from "./model";
import { strings } from "./strings";
import { numberIn, type Value } from "./value";
import { itemField, partOf, toJson } from "./values";

/** What is wrong with each part of a form: a sentence by the JSON pointer of the part. */
export type FieldErrors = ReadonlyMap<string, string>;

/** Keywords that the fields of a form see to themselves. */
const STRUCTURE = [
  "$ref",
  "allOf",
  "anyOf",
  "oneOf",
  "type",
  "properties",
  "patternProperties",
  "additionalProperties",
  "required",
  "items",
  "prefixItems",
  "additionalItems",
];

const { problems } = strings;

/** Find what is wrong with a filled form, before the server does. */
export function validate(model: FormModel, value: Value): FieldErrors {
  const errors = new Map<string, string>();
  const say = (path: Path, message: string) => {
    const place = pointer(path);
    if (!errors.has(place)) errors.set(place, message);
  };
  new Check(model.root, say).field(model.field, value, [], true);
  return errors;
}

class Check {
  constructor(
    private readonly root: unknown,
    private readonly say: (path: Path, message: string) => void,
  ) {}

  field(field: Field, value: Value, path: Path, required: boolean): void {
    switch (value.is) {
      case "unset":
        if (required) this.say(path, problems.required);
        return;
      case "null":
        if (!field.nullable) this.say(path, problems.required);
        return;
      case "raw":
        this.raw(field, value.text, path, required);
        return;
      case "typed":
        if (numberIn(value.text) === undefined) this.say(path, problems.notNumber);
        else if (isInexact(value.text)) this.say(path, problems.inexact);
        else this.leaf(field, value, path);
        return;
      case "plain":
        if (field.kind === "messages") this.messages(field, value.json, path);
        else this.leaf(field, value, path);
        return;
      case "object":
        if (field.kind === "object") this.object(field, value, path);
        return;
      case "list":
        this.list(field, value, path);
        return;
      case "map":
        if (field.kind === "map") this.map(field, value, path);
        return;
      case "choice": {
        const choice = field.kind === "union" ? field.choices[value.choice] : undefined;
        if (choice !== undefined) this.field(choice.field(), value.value, path, required);
      }
    }
  }

  private raw(field: Field, text: string, path: Path, required: boolean): void {
    if (text.trim() === "") {
      if (required) this.say(path, problems.required);
      return;
    }
    const json = parsed(text);
    if (json === undefined) this.say(path, problems.notJson);
    else if (json !== null || !field.nullable) this.told(json, field.schema, path);
  }

  private leaf(field: Field, value: Value, path: Path): void {
    const json = toJson(field, value);
    if (json === undefined) return;
    if (field.kind === "date" || field.kind === "datetime") {
      const isDate = typeof json === "string" && !Number.isNaN(Date.parse(json));
      if (!isDate) this.say(path, problems.format(field.kind === "date" ? "date" : "date-time"));
    }
    this.told(json, field.schema, path);
  }

  private object(field: ObjectField, value: Extract<Value, { is: "object" }>, path: Path): void {
    for (const property of field.properties()) {
      const held = partOf(value.fields, property);
      this.field(property.field, held, [...path, property.name], property.required);
    }
    const unknown = Object.keys(value.rest);
    if (!field.open && unknown.length > 0) this.say(path, problems.unknownKeys(unknown));
    this.around(field, value, path);
  }

  private list(field: Field, value: Extract<Value, { is: "list" }>, path: Path): void {
    value.items.forEach((item, index) => {
      const inner = itemField(field, index);
      if (inner !== undefined) this.field(inner, item, [...path, index], !inner.nullable);
    });
    this.around(field, value, path);
  }

  private map(field: MapField, value: Extract<Value, { is: "map" }>, path: Path): void {
    const seen = new Set<string>();
    for (const { key, value: entry } of value.entries) {
      if (key === "") this.say(path, problems.keyEmpty);
      else if (seen.has(key)) this.say(path, problems.keyTwice(key));
      seen.add(key);
      this.field(field.value(), entry, [...path, key], true);
    }
    this.around(field, value, path);
  }

  private messages(field: MessagesField, json: Json, path: Path): void {
    const all = field.single || !Array.isArray(json) ? [json] : json;
    if (all.length === 0) this.around(field, { is: "plain", json }, path);
    all.forEach((message, index) => {
      const problem = messageProblem(message);
      if (problem !== null) this.say(field.single ? path : [...path, index], problem);
    });
  }

  /** The rules about a part as a whole, such as how many items it may have. */
  private around(field: Field, value: Value, path: Path): void {
    const json = toJson(field, value);
    if (json !== undefined) this.told(json, without(field.schema, STRUCTURE), path);
  }

  private told(json: Json, schema: Record<string, unknown>, path: Path): void {
    for (const { place, message } of complaintsOf(json, schema, this.root)) {
      this.say(path, place === "" ? message : `${place.slice(1)}: ${message}`);
    }
  }
}

/** Most whole numbers beyond 2^53 would silently become others. */
function isInexact(text: string): boolean {
  const digits = text.trim().replace("+", "");
  return /^-?\d+$/.test(digits) && BigInt(digits) !== BigInt(Number(digits));
}

function messageProblem(message: Json): string | null {
  if (!isMessage(message)) return problems.otherType;
  const { content, tool_calls: calls, tool_call_id: call } = message;
  const role = roleOf(message);
  if (role === "tool" && (typeof call !== "string" || call === "")) return problems.toolCallId;
  const isSilent = (role === "ai" && Array.isArray(calls) && calls.length > 0) || role === "tool";
  return isEmpty(content) && !isSilent ? problems.emptyMessage : null;
}

function isEmpty(content: Json | undefined): boolean {
  if (typeof content === "string") return content.trim() === "";
  if (!Array.isArray(content)) return true;
  return content.every(
    (part) =>
      part === "" || (isObject(part) && part.type === "text" && inWords(part.text).trim() === ""),
  );
}
