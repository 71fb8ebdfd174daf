import { inWords, isObject } from "./json";
import type { Resolved, Schema } from "./resolve";
import { textOf } from "./resolve";
import { strings } from "./strings";

/** "max_tokens" and "maxTokens" become "Max tokens". */
export function spokenName(name: string): string {
  const words = name
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .replaceAll(/[_-]+/g, " ")
    .trim()
    .replaceAll(/ ([A-Z])(?=[a-z])/g, (_, letter: string) => ` ${letter.toLowerCase()}`);
  return words === "" ? name : words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a field is called: its own title, or the name of its key. */
export function titleOf(resolved: Resolved, name: string): string {
  if (resolved.ownTitle !== undefined) return resolved.ownTitle;
  if (name !== "") return spokenName(name);
  return textOf(resolved.schema.title) ?? strings.value;
}

/** What LangChain calls the input of a runnable, after its class or its function. */
const MADE_UP = /^(?:[A-Z].*Input|.+_input)$/;

/** What a whole input is called: what somebody has called it, if anybody has. */
export function inputTitle(title: string): string {
  return MADE_UP.test(title) ? strings.input : title;
}

/** What one branch of a union is called when nothing but its schema tells. */
export function branchName(schema: Schema): string {
  const title = textOf(schema.title);
  if (title !== undefined) return spokenName(title);
  if ("const" in schema) return inWords(schema.const);
  if (Array.isArray(schema.enum)) return strings.kinds.choice;
  switch (schema.type) {
    case "string":
      return textName(schema.format);
    case "number":
    case "integer":
    case "boolean":
    case "null":
      return strings.kinds[schema.type];
    case "array":
      return listName(schema);
    case "object":
      return objectName(schema);
    default:
      return isObject(schema.properties) ? objectName(schema) : strings.kinds.any;
  }
}

function textName(format: unknown): string {
  switch (format) {
    case "date":
      return strings.kinds.date;
    case "date-time":
      return strings.kinds.datetime;
    case "time":
      return strings.kinds.time;
    case "binary":
    case "byte":
    case "base64":
      return strings.kinds.file;
    case undefined:
      return strings.kinds.text;
    default:
      return spokenName(inWords(format));
  }
}

function listName(schema: Schema): string {
  if (Array.isArray(schema.prefixItems)) return strings.kinds.tuple;
  const { items } = schema;
  if (!isObject(items) || (items.type === undefined && textOf(items.title) === undefined)) {
    return strings.kinds.list;
  }
  return strings.kinds.listOf(branchName(items));
}

function objectName(schema: Schema): string {
  const { properties } = schema;
  if (!isObject(properties)) {
    return isObject(schema.additionalProperties) ? strings.kinds.map : strings.kinds.object;
  }
  return strings.kinds.objectWith(Object.keys(properties).slice(0, 3).map(spokenName).join(", "));
}

/** Tell equal names apart by a number. */
export function distinct(names: readonly string[]): string[] {
  return names.map((name, index) => {
    const before = names.slice(0, index).filter((other) => other === name).length;
    return before === 0 ? name : strings.nth(name, before + 1);
  });
}
