import type { Field } from "../../schema";
import { alternatives } from "../alternatives";

/** `any` is a value of any type; `unknown` is one that the input has no field for. */
export type ValueType =
  | "string"
  | "number"
  | "integer"
  | "boolean"
  | "null"
  | "object"
  | "array"
  | "any"
  | "unknown";

/** The types that an input may have at a path of names and places. */
export function typesAt(field: Field, path: readonly string[]): ValueType[] {
  let here = [field];
  for (const key of path)
    here = here.flatMap((each) => alternatives(each)).flatMap((each) => below(each, key));
  if (here.length === 0) return ["unknown"];
  return [...new Set(here.flatMap((each) => alternatives(each)).flatMap(ownTypes))];
}

/** The value that the text of a cell stands for; undefined where an empty cell means "not set". */
export function cellValue(text: string, types: readonly ValueType[]): unknown {
  const plain = text.trim();
  const may = (type: ValueType) => types.includes(type);
  if (plain === "") {
    const isText = may("string") && !may("null");
    return isText && text !== "" ? text : undefined;
  }
  if (may("null") && plain === "null") return null;
  if (may("boolean") && /^(true|false)$/i.test(plain)) return plain.toLowerCase() === "true";
  if ((may("number") || may("integer")) && isNumber(plain)) return Number(plain);
  if (may("object") || may("array") || may("any")) {
    const parsed = parsedStructure(plain, may("any"));
    if (parsed !== undefined) return parsed;
  }
  return text;
}

function isNumber(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
}

/** Lists and objects in a cell are JSON; where anything goes, so are numbers and the like. */
function parsedStructure(text: string, anything: boolean): unknown {
  if (!anything && !/^[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // Then it is text.
  }
}

function below(field: Field, key: string): Field[] {
  const place = /^\d+$/.test(key) ? Number(key) : undefined;
  switch (field.kind) {
    case "object":
      return field
        .properties()
        .filter(({ name }) => name === key)
        .map((property) => property.field);
    case "map":
      return [field.value()];
    case "list":
      return place === undefined ? [] : [field.item()];
    case "tuple":
      return place === undefined ? [] : field.items().slice(place, place + 1);
    default:
      return [];
  }
}

function ownTypes(field: Field): ValueType[] {
  const types = kindTypes(field);
  return field.nullable ? [...types, "null"] : types;
}

function kindTypes(field: Field): ValueType[] {
  switch (field.kind) {
    case "number":
      return [field.whole ? "integer" : "number"];
    case "boolean":
      return ["boolean"];
    case "object":
    case "map":
      return ["object"];
    case "list":
    case "tuple":
      return ["array"];
    case "messages":
      return [field.single ? "object" : "array"];
    case "enum":
      return field.options.map(({ value }) => typeOf(value));
    case "const":
      return [typeOf(field.value)];
    case "json":
      return [field.only ?? "any"];
    case "union":
      return ["any"];
    default:
      return ["string"];
  }
}

function typeOf(value: unknown): ValueType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" ? type : "object";
}
