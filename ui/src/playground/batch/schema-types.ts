/** `any` is a value of any type; `unknown` is one that the schema does not mention. */
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

type Schema = Record<string, unknown>;

const DEEPEST = 32;

/** The types that a schema allows at a path of fields and places. */
export function typesAt(schema: unknown, path: readonly string[]): ValueType[] {
  const root = isSchema(schema) ? schema : {};
  let here: Schema[] = variants(root, root);
  for (const key of path) {
    here = here.flatMap((each) => child(each, key)).flatMap((each) => variants(each, root));
    if (here.length === 0) return ["unknown"];
  }
  return [...new Set(here.flatMap(ownTypes))];
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

function child(schema: Schema, key: string): Schema[] {
  const { properties, items, prefixItems, additionalProperties } = schema;
  if (isSchema(properties) && Object.hasOwn(properties, key)) return asSchemas(properties[key]);
  if (/^\d+$/.test(key)) {
    if (Array.isArray(prefixItems) && Number(key) < prefixItems.length) {
      return asSchemas(prefixItems[Number(key)]);
    }
    if (isSchema(items)) return [items];
  }
  return isSchema(additionalProperties) ? [additionalProperties] : [];
}

function asSchemas(schema: unknown): Schema[] {
  if (schema === true) return [{}];
  return isSchema(schema) ? [schema] : [];
}

/** The schema itself, or what its references and alternatives come down to. */
function variants(schema: Schema, root: Schema, depth = 0): Schema[] {
  if (depth > DEEPEST) return [];
  const { $ref, anyOf, oneOf, allOf } = schema;
  const deeper = (inner: unknown) =>
    asSchemas(inner).flatMap((each) => variants(each, root, depth + 1));
  if (typeof $ref === "string") return deeper(resolved($ref, root));
  const inner = [anyOf, oneOf, allOf].find((each) => Array.isArray(each) && each.length > 0);
  return Array.isArray(inner) ? inner.flatMap(deeper) : [schema];
}

function resolved(reference: string, root: Schema): unknown {
  if (!reference.startsWith("#/")) return undefined;
  let here: unknown = root;
  for (const part of reference.slice(2).split("/")) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    here = isSchema(here) && Object.hasOwn(here, key) ? here[key] : undefined;
  }
  return here;
}

function ownTypes(schema: Schema): ValueType[] {
  const { type, properties } = schema;
  if (typeof type === "string") return [type as ValueType];
  if (Array.isArray(type)) return type as ValueType[];
  if (isSchema(properties)) return ["object"];
  const listed = Array.isArray(schema.enum) ? schema.enum : "const" in schema ? [schema.const] : [];
  if (listed.length === 0) return ["any"];
  return listed.map((value) => (value === null ? "null" : (typeof value as ValueType)));
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
