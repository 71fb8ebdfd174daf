import { type Json, own, parsed } from "./json";
import { emptyMessage } from "./messages";
import type { Field, FormModel, ObjectField, Property } from "./model";
import { takeField } from "./takeApart";
import { NULL, numberIn, UNSET, type Value } from "./value";

/** How deep required fields of a schema without end are opened at first. */
const DEEPEST = 6;

/** The value of a form that nobody has touched: its defaults, and what is required. */
export function initialValue(model: FormModel): Value {
  return initial(model.field, true);
}

/** The value that a field starts with. */
export function initial(field: Field, required: boolean, depth = 0): Value {
  if (field.kind === "const") return { is: "plain", json: field.value };
  if (field.default !== undefined) return takeField(field.default, field);
  if (depth > 0 && field.kind === "object" && field.recursive) return UNSET;
  if (!required) return isLangChainOptional(field) ? empty(field, depth) : UNSET;
  if (field.nullable) return NULL;
  return depth > DEEPEST ? UNSET : empty(field, depth);
}

/**
 * LangChain's way to describe `configurable`: an object that may be left out, of fields that all may.
 *
 * It is open from the start, so that the defaults within are seen.
 */
function isLangChainOptional(field: Field): boolean {
  return (
    field.kind === "object" &&
    !field.nullable &&
    field.schema.default === null &&
    field.properties().every((property) => !property.required)
  );
}

/** The value of a field that was just added or set, with its required parts ready to be filled. */
export function empty(field: Field, depth = 0): Value {
  if (field.default !== undefined) return takeField(field.default, field);
  switch (field.kind) {
    case "const":
      return { is: "plain", json: field.value };
    case "boolean":
      return { is: "plain", json: false };
    case "object":
      return { is: "object", fields: initialFields(field, depth), rest: {} };
    case "list":
      return {
        is: "list",
        items: Array.from({ length: Math.min(field.minimum, 20) }, () =>
          initial(field.item(), true, depth + 1),
        ),
      };
    case "tuple":
      return { is: "list", items: field.items().map((item) => initial(item, true, depth + 1)) };
    case "map":
      return { is: "map", entries: [] };
    case "union": {
      const first = field.choices[0];
      if (first === undefined) return UNSET;
      return { is: "choice", choice: 0, value: initial(first.field(), true, depth + 1) };
    }
    case "messages": {
      const message = emptyMessage(field.roles);
      return { is: "plain", json: field.single ? message : [message] };
    }
    case "json":
      return field.only === "object" ? { is: "raw", text: "{}" } : UNSET;
    default:
      return UNSET;
  }
}

function initialFields(field: ObjectField, depth: number): Record<string, Value> {
  return Object.fromEntries(
    field
      .properties()
      .map(({ name, required, field: part }) => [name, initial(part, required, depth + 1)]),
  );
}

/** The value of one property; "unset" where the object does not have it yet. */
export function partOf(fields: Record<string, Value>, property: Property): Value {
  return own(fields, property.name) ?? UNSET;
}

/** What is sent: nothing for what is not set, and text that cannot be read as it was typed. */
export function toInput(model: FormModel, value: Value): Json | undefined {
  return toJson(model.field, value);
}

export function toJson(field: Field, value: Value): Json | undefined {
  switch (value.is) {
    case "unset":
      return undefined;
    case "null":
      return null;
    case "raw":
      return rawJson(value.text);
    case "typed":
      return numberIn(value.text) ?? value.text;
    case "plain":
      return value.json;
    case "object":
      return field.kind === "object" ? objectJson(field, value) : value.rest;
    case "list":
      return value.items.map((item, index) => itemJson(itemField(field, index), item));
    case "map":
      return Object.fromEntries(
        value.entries.map(({ key, value: entry }) => [key, itemJson(mapped(field), entry)]),
      );
    case "choice": {
      const chosen = field.kind === "union" ? field.choices[value.choice] : undefined;
      return chosen === undefined ? undefined : toJson(chosen.field(), value.value);
    }
  }
}

function rawJson(text: string): Json | undefined {
  if (text.trim() === "") return undefined;
  const json = parsed(text);
  return json === undefined ? text : json;
}

function objectJson(
  field: ObjectField,
  value: { fields: Record<string, Value>; rest: Record<string, Json> },
): Json {
  const set = field
    .properties()
    .map(
      (property) =>
        [property.name, toJson(property.field, partOf(value.fields, property))] as const,
    )
    .filter((entry): entry is readonly [string, Json] => entry[1] !== undefined);
  return Object.fromEntries([...set, ...Object.entries(value.rest)]);
}

/** An item has its place even when it is not set; null keeps it. */
function itemJson(field: Field | undefined, value: Value): Json {
  return (field === undefined ? undefined : toJson(field, value)) ?? null;
}

export function itemField(field: Field, index: number): Field | undefined {
  if (field.kind === "list") return field.item();
  return field.kind === "tuple" ? field.items()[index] : undefined;
}

function mapped(field: Field): Field | undefined {
  return field.kind === "map" ? field.value() : undefined;
}
