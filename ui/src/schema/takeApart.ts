import { equal, isObject, type Json, own, pretty, without } from "./json";
import { isMessage, roleOf } from "./messages";
import type { Field, FormModel, ObjectField, UnionField } from "./model";
import { NULL, UNSET, type Value } from "./value";

/**
 * Take JSON apart into the fields of a form.
 *
 * A part that does not fit its field becomes JSON text in that field, so nothing is ever lost.
 */
export function takeApart(json: Json, model: FormModel): Value {
  return takeField(json, model.field);
}

/** The same for one field. */
export function takeField(json: Json, field: Field): Value {
  if (field.kind === "json") return { is: "raw", text: pretty(json) };
  if (json === null && field.nullable) return NULL;
  return fitted(json, field) ?? { is: "raw", text: pretty(json) };
}

function fitted(json: Json, field: Field): Value | null {
  switch (field.kind) {
    case "text":
    case "file":
    case "date":
    case "datetime":
    case "time":
      return typeof json === "string" ? { is: "plain", json } : null;
    case "boolean":
      return typeof json === "boolean" ? { is: "plain", json } : null;
    case "number":
      return typeof json === "number" ? { is: "typed", text: String(json) } : null;
    case "enum":
      return field.options.some((option) => equal(option.value, json))
        ? { is: "plain", json }
        : null;
    case "const":
      return equal(field.value, json) ? { is: "plain", json } : null;
    case "messages":
      return isFitting(json, field.single) ? { is: "plain", json } : null;
    case "object":
      return isObject(json) ? objectValue(json, field) : null;
    case "list":
      return Array.isArray(json)
        ? { is: "list", items: json.map((item) => takeField(item, field.item())) }
        : null;
    case "tuple":
      return tupleValue(json, field.items());
    case "map":
      return isObject(json)
        ? {
            is: "map",
            entries: Object.entries(json).map(([key, value]) => ({
              key,
              value: takeField(value, field.value()),
            })),
          }
        : null;
    case "union":
      return unionValue(json, field);
    case "json":
      return null;
  }
}

function objectValue(json: Record<string, Json>, field: ObjectField): Value {
  const properties = field.properties();
  const fields = properties.map(({ name, required, field: part }) => {
    const given = own(json, name);
    if (given !== undefined) return [name, takeField(given, part)] as const;
    const isImplied = required && part.kind === "const";
    return [name, isImplied ? ({ is: "plain", json: part.value } as const) : UNSET] as const;
  });
  const rest = without(
    json,
    properties.map(({ name }) => name),
  );
  return { is: "object", fields: Object.fromEntries<Value>(fields), rest };
}

function tupleValue(json: Json, items: readonly Field[]): Value | null {
  if (!Array.isArray(json) || json.length !== items.length) return null;
  return {
    is: "list",
    items: items.map((item, index) => takeField(json[index] ?? null, item)),
  };
}

/** The choice whose schema allows the value; where none or several do, the one that it looks most like. */
function unionValue(json: Json, field: UnionField): Value | null {
  const scores = field.choices.map(
    (choice) => score(json, choice.field()) + (choice.accepts(json) ? 10 : 0),
  );
  const best = scores.reduce((top, one, index) => (one > (scores[top] ?? 0) ? index : top), 0);
  const chosen = field.choices[best];
  if (chosen === undefined || (scores[best] ?? 0) <= 0) return null;
  return { is: "choice", choice: best, value: takeField(json, chosen.field()) };
}

/** How well JSON fits a field, judged by its outside: 0 for not at all. */
function score(json: Json, field: Field): number {
  if (json === null)
    return field.nullable || (field.kind === "const" && field.value === null) ? 5 : 0;
  switch (field.kind) {
    case "const":
    case "enum":
      return fitted(json, field) === null ? 0 : 5;
    case "number":
      if (typeof json !== "number" || (field.whole && !Number.isInteger(json))) return 0;
      return field.whole ? 4 : 3;
    case "date":
    case "datetime":
    case "time":
      return typeof json === "string" && looksLike(json, field.kind) ? 4 : 0;
    case "text":
      return typeof json === "string" ? (matches(json, field.schema.pattern) ? 3 : 0.5) : 0;
    case "file":
      return typeof json === "string" ? 2 : 0;
    case "boolean":
      return typeof json === "boolean" ? 3 : 0;
    case "object":
      return isObject(json) ? objectScore(json, field) : 0;
    case "map":
      return isObject(json) ? 2 : 0;
    case "messages":
      return messagesScore(json, field.single, field.roles);
    case "list":
      return listScore(json, field.item);
    case "tuple":
      return Array.isArray(json) && json.length === field.items().length ? 3.5 : 0;
    case "union":
      return Math.max(0, ...field.choices.map((choice) => score(json, choice.field())));
    case "json":
      return jsonScore(json, field.only);
  }
}

function objectScore(json: Record<string, Json>, field: ObjectField): number {
  const properties = field.properties();
  const differs = properties.some(({ name, field: part }) => {
    const given = own(json, name);
    return given !== undefined && part.kind === "const" && !equal(part.value, given);
  });
  if (differs) return 0;
  const known = properties.filter(({ name }) => Object.hasOwn(json, name)).length;
  const missing = properties.some(
    ({ name, required, field: part }) =>
      required && part.kind !== "const" && !Object.hasOwn(json, name),
  );
  const share = (known + 1) / (Object.keys(json).length + 1);
  return (missing ? 1 : 3) + Math.min(share, 1);
}

function listScore(json: Json, item: () => Field): number {
  if (!Array.isArray(json)) return 0;
  const [first] = json;
  if (first === undefined) return 2;
  const field = item();
  return (field.kind === "union" || field.kind === "list" ? 1 : score(first, field)) > 0 ? 3 : 1;
}

function messagesScore(json: Json, single: boolean, roles: readonly string[]): number {
  if (!isFitting(json, single)) return 0;
  const [first] = Array.isArray(json) ? json : [json];
  const role = first === undefined ? undefined : roleOf(first);
  return role === undefined || roles.includes(role) ? 5 : 1;
}

function isFitting(json: Json, single: boolean): boolean {
  return single ? isMessage(json) : Array.isArray(json) && json.every(isMessage);
}

function jsonScore(json: Json, only: "object" | "array" | undefined): number {
  if (only === "object") return isObject(json) ? 1.5 : 0;
  if (only === "array") return Array.isArray(json) ? 1.5 : 0;
  return 0.25;
}

function looksLike(text: string, kind: "date" | "datetime" | "time"): boolean {
  if (kind === "date") return /^\d{4}-\d\d-\d\d$/.test(text);
  return kind === "time" ? /^\d\d:\d\d/.test(text) : /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/i.test(text);
}

function matches(text: string, pattern: unknown): boolean {
  if (typeof pattern !== "string") return true;
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}
