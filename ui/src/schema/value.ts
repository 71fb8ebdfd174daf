import { isObject, type Json } from "./json";

/**
 * What a form holds. It is plain data: it can be kept as JSON and read again.
 *
 * A field of any kind may also hold "unset" (nothing is sent), "null" (null is sent) and "raw" (it is
 * being edited as JSON text).
 */
export type Value =
  | { is: "unset" }
  | { is: "null" }
  | { is: "raw"; text: string }
  | { is: "plain"; json: Json }
  /** A number as it was typed. */
  | { is: "typed"; text: string }
  | { is: "object"; fields: Record<string, Value>; rest: Record<string, Json> }
  | { is: "list"; items: readonly Value[] }
  | { is: "map"; entries: readonly MapEntry[] }
  | { is: "choice"; choice: number; value: Value };

export interface MapEntry {
  key: string;
  value: Value;
}

export const UNSET: Value = { is: "unset" };
export const NULL: Value = { is: "null" };

/** The number that was typed, or undefined. */
export function numberIn(text: string): number | undefined {
  const number = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text)
    ? Number(text)
    : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** Whether something kept elsewhere, such as a draft, is a value of a form. */
export function isValue(kept: unknown): kept is Value {
  if (!isObject(kept)) return false;
  switch (kept.is) {
    case "unset":
    case "null":
      return true;
    case "raw":
    case "typed":
      return typeof kept.text === "string";
    case "plain":
      return kept.json !== undefined;
    case "object":
      return (
        isObject(kept.fields) && isObject(kept.rest) && Object.values(kept.fields).every(isValue)
      );
    case "list":
      return Array.isArray(kept.items) && kept.items.every(isValue);
    case "map":
      return (
        Array.isArray(kept.entries) &&
        kept.entries.every(
          (entry) => isObject(entry) && typeof entry.key === "string" && isValue(entry.value),
        )
      );
    case "choice":
      return typeof kept.choice === "number" && isValue(kept.value);
    default:
      return false;
  }
}
