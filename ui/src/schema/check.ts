import type { Schema as Draft, OutputUnit } from "@cfworker/json-schema";
import { inWords, isObject, type Json, own } from "./json";
import { type Schema, targetOf } from "./resolve";
import { strings } from "./strings";

type Checker = typeof import("./checker");

let checker: Checker | null = null;

/**
 * Load what checks values, which no page needs before it has a schema.
 *
 * Until it is there, and where it cannot be loaded, nothing is found wrong.
 */
export async function loadChecker(): Promise<void> {
  try {
    checker ??= await import("./checker");
  } catch {
    // The server has the last word anyway.
  }
}

/** What is wrong with a value, in plain words. */
export interface Complaint {
  /** Where below the checked value, as a pointer. */
  place: string;
  message: string;
}

/** Keywords that only say that something below them is wrong. */
const AROUND = new Set([
  "$ref",
  "$recursiveRef",
  "properties",
  "patternProperties",
  "additionalProperties",
  "unevaluatedProperties",
  "propertyNames",
  "items",
  "prefixItems",
  "additionalItems",
  "unevaluatedItems",
  "allOf",
  "if",
  "dependentSchemas",
]);

/** Formats that servers read more freely than the standard has it. */
const FREE = new Set(["date", "date-time", "time", "duration", "password", "binary"]);

const lookups = new WeakMap<object, Record<string, Draft | boolean> | null>();

/**
 * Check a value against a schema of the document `root`.
 *
 * A schema that the checker cannot read finds nothing wrong: the server has the last word.
 */
export function complaintsOf(json: Json, schema: Schema, root: unknown): Complaint[] {
  const told = errorsOf(json, schema, root)
    .filter((error) => !AROUND.has(error.keyword) && !isWithinUnion(error.keywordLocation))
    .map((error) => ({
      place: decodeURIComponent(error.instanceLocation.slice(1)),
      message: messageOf(error, schema, root),
    }))
    .filter((complaint): complaint is Complaint => complaint.message !== null);
  return told;
}

/** Whether a schema allows a value; one that the checker cannot read allows everything. */
export function accepts(json: Json, schema: Schema, root: unknown): boolean {
  return errorsOf(json, schema, root).length === 0;
}

function errorsOf(json: Json, schema: Schema, root: unknown): OutputUnit[] {
  const lookup = isObject(root) && checker !== null ? lookupOf(root, checker) : null;
  if (lookup === null || checker === null) return [];
  try {
    return checker.validate(json, schema as Draft, "2020-12", lookup, false).errors;
  } catch {
    return [];
  }
}

function lookupOf(
  root: Record<string, unknown>,
  { dereference }: Checker,
): Record<string, Draft | boolean> | null {
  const before = lookups.get(root);
  if (before !== undefined) return before;
  let made: Record<string, Draft | boolean> | null;
  try {
    made = dereference(root as Draft);
  } catch {
    made = null;
  }
  lookups.set(root, made);
  return made;
}

/** What each branch of a union dislikes tells nobody anything; that none fits does. */
function isWithinUnion(location: string): boolean {
  return /\/(anyOf|oneOf)\/\d+(\/|$)/.test(location) || /\/(not|contains)\/./.test(location);
}

function messageOf(error: OutputUnit, schema: Schema, root: unknown): string | null {
  const { problems } = strings;
  const said = keywordOf(schema, root, error.keywordLocation, error.keyword);
  switch (error.keyword) {
    case "type":
      return typeMessage(said);
    case "const":
      return problems.const(said as Json);
    case "enum":
      return Array.isArray(said) ? problems.enum(said) : problems.other;
    case "minimum":
    case "maximum":
    case "exclusiveMinimum":
    case "exclusiveMaximum":
    case "multipleOf":
    case "minLength":
    case "maxLength":
    case "minItems":
    case "maxItems":
    case "minProperties":
    case "maxProperties":
      return typeof said === "number" ? problems[error.keyword](said) : problems.other;
    case "pattern":
      return problems.pattern(inWords(said));
    case "uniqueItems":
      return problems.uniqueItems;
    case "format":
      return FREE.has(inWords(said)) ? null : problems.format(inWords(said));
    case "required":
      return missing(error.error);
    default:
      return problems.other;
  }
}

/** Of a type that there is not, nothing can be said. */
function typeMessage(said: unknown): string | null {
  const { type, otherType } = strings.problems;
  if (Array.isArray(said)) return otherType;
  return typeof said === "string" ? (own(type, said) ?? null) : null;
}

/** The checker names the missing key in its sentence only. */
function missing(sentence: string): string {
  const name = /required property "(.*)"\.$/.exec(sentence)?.[1];
  return name === undefined ? strings.problems.required : strings.problems.missingKeys([name]);
}

function keywordOf(schema: Schema, root: unknown, location: string, keyword: string): unknown {
  let here: unknown = schema;
  for (const part of location.split("/").slice(1)) {
    const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(here)) here = here[Number(key)];
    else if (isObject(here)) here = own(here, key);
    if (key === "$ref" && typeof here === "string") here = targetOf(root, here);
  }
  return isObject(here) && keyword in here && !location.endsWith(`/${keyword}`)
    ? here[keyword]
    : here;
}
