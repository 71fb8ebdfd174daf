/** JSON values, and how this folder reads objects whose keys may be hostile, such as "__proto__". */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export type Path = readonly (string | number)[];

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The own property, never one of the prototype. */
export function own<Value>(object: Record<string, Value>, key: string): Value | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** A copy of `object` with one key changed, its order kept. */
export function withKey<Value>(
  object: Record<string, Value>,
  key: string,
  value: Value,
): Record<string, Value> {
  return { ...object, [key]: value };
}

export function without<Value>(
  object: Record<string, Value>,
  dropped: Iterable<string>,
): Record<string, Value> {
  const names = new Set(dropped);
  return Object.fromEntries(Object.entries(object).filter(([key]) => !names.has(key)));
}

export function equal(one: unknown, other: unknown): boolean {
  if (Object.is(one, other) || one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => equal(item, other[index]));
  }
  if (!isObject(one) || !isObject(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && equal(one[key], other[key]))
  );
}

/** The JSON pointer of a path: "" for the whole, "/messages/0/content" for a part. */
export function pointer(path: Path): string {
  return path
    .map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

export function pretty(json: Json): string {
  return JSON.stringify(json, null, 2);
}

/** A value in a word: text as it is, all else as JSON. */
export function inWords(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** Read JSON text; undefined where it is none. */
export function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
