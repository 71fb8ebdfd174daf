import { isObject, own } from "./json";
import { strings } from "./strings";

export type Schema = Record<string, unknown>;

export interface Resolved {
  /** The schema with what it refers to put in its place, and its `allOf` merged. */
  schema: Schema;
  /** The title that the schema has at this very place. */
  ownTitle: string | undefined;
  /** The references that led here. */
  references: readonly string[];
  problem?: string | undefined;
}

/**
 * Follow `$ref` and merge `allOf` until the schema says itself what it accepts.
 *
 * It never throws: what cannot be followed is an empty schema with a `problem`.
 */
export function resolve(root: unknown, schema: unknown, open: readonly string[] = []): Resolved {
  if (schema === true || schema === undefined) return found({}, open);
  if (schema === false) return found({}, open, strings.notes.nothing);
  if (!isObject(schema)) return found({}, open, strings.notes.malformed);
  const ownTitle = textOf(schema.title);
  const reached = "$ref" in schema ? followed(root, schema, open) : found(schema, open);
  const merged = "allOf" in reached.schema ? mergedParts(root, reached) : reached;
  return { ...merged, ownTitle };
}

function followed(root: unknown, schema: Schema, open: readonly string[]): Resolved {
  const { $ref: reference, ...beside } = schema;
  if (typeof reference !== "string") return found(beside, open, strings.notes.malformed);
  if (open.includes(reference)) return found(beside, open, strings.notes.cyclic);
  const target = targetOf(root, reference);
  if (target === undefined) {
    return found(beside, open, strings.notes.unknownReference(reference));
  }
  const reached = resolve(root, target, [...open, reference]);
  return { ...reached, schema: merge(reached.schema, beside) };
}

function mergedParts(root: unknown, reached: Resolved): Resolved {
  const { allOf, ...beside } = reached.schema;
  if (!Array.isArray(allOf)) return found(beside, reached.references, strings.notes.malformed);
  const parts = allOf.map((part) => resolve(root, part, reached.references));
  const problem = reached.problem ?? parts.find((part) => part.problem !== undefined)?.problem;
  const schema = [...parts.map((part) => part.schema), beside].reduce(merge, {});
  return found(schema, [...new Set(parts.flatMap((part) => part.references))], problem);
}

function merge(one: Schema, other: Schema): Schema {
  const both: Schema = { ...one, ...other };
  if (isObject(one.properties) && isObject(other.properties)) {
    both.properties = { ...one.properties, ...other.properties };
  }
  if (Array.isArray(one.required) && Array.isArray(other.required)) {
    both.required = [...new Set([...one.required, ...other.required])];
  }
  return both;
}

/** What a reference within the document points to. */
export function targetOf(root: unknown, reference: string): unknown {
  if (!reference.startsWith("#")) return undefined;
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return undefined;
  let here: unknown = root;
  for (const part of reference.slice(2).split("/")) {
    const key = unescaped(part);
    if (Array.isArray(here)) here = here[Number(key)];
    else if (isObject(here)) here = own(here, key);
    else return undefined;
  }
  return here;
}

function unescaped(part: string): string {
  const plain = part.replaceAll("~1", "/").replaceAll("~0", "~");
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

function found(schema: Schema, references: readonly string[], problem?: string): Resolved {
  return { schema, references, ownTitle: undefined, problem };
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
