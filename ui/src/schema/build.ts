import { accepts } from "./check";
import { isObject, type Json, own } from "./json";
import { isMessagesKey, rolesOf, usualRoles } from "./messages";
import type { Choice, Field, FormModel, Option, Property } from "./model";
import { branchName, distinct, inputTitle, spokenName, titleOf } from "./names";
import { numberOf, type Resolved, resolve, type Schema, textOf } from "./resolve";
import { strings } from "./strings";

/** Where in a form a schema stands. */
interface Place {
  root: unknown;
  /** The key of the field; "" for the whole form and for items. */
  name: string;
  /** The references that led to this schema without a step into the value. */
  open: readonly string[];
  /** The references that led to any field around this one. */
  around: readonly string[];
  /** Whether the field is one among many of its kind and is to take little room. */
  inline: boolean;
}

type Common = Pick<
  Field,
  "title" | "description" | "examples" | "default" | "nullable" | "schema" | "note"
>;

const known = new WeakMap<object, FormModel>();

/**
 * Make the model of a form from a JSON schema, whatever it is.
 *
 * It never throws. What it does not understand becomes a field that is edited as JSON, with a note.
 * The parts of the model are made when they are first asked for, so schemas without end are no trouble.
 */
export function formModel(schema: unknown): FormModel {
  const before = isObject(schema) ? known.get(schema) : undefined;
  if (before !== undefined) return before;
  const root = copied(schema);
  const place = { root, name: "", open: [], around: [], inline: false };
  const field = fieldOf(root, place);
  const model = { field: { ...field, title: inputTitle(field.title) }, root };
  if (isObject(schema)) known.set(schema, model);
  return model;
}

/** The checker of values writes into the schemas that it reads: it gets a copy. */
function copied(schema: unknown): unknown {
  try {
    return structuredClone(schema);
  } catch {
    return null;
  }
}

function fieldOf(schema: unknown, place: Place): Field {
  const resolved = resolve(place.root, schema, place.open);
  const common = commonOf(resolved, place);
  if (resolved.problem !== undefined) {
    return { ...common, kind: "json", note: resolved.problem };
  }
  return (
    chat(common, schema, place) ??
    alternatives(common, resolved, place) ??
    plain(common, resolved, place)
  );
}

function commonOf(resolved: Resolved, place: Place): Common {
  const { schema } = resolved;
  return {
    title: titleOf(resolved, place.name),
    description: textOf(schema.description),
    examples: Array.isArray(schema.examples) ? (schema.examples as Json[]) : [],
    default: "default" in schema && schema.default !== null ? (schema.default as Json) : undefined,
    nullable: schema.nullable === true,
    schema,
  };
}

/** A list of messages, or one message. */
function chat(common: Common, schema: unknown, place: Place): Field | null {
  const single = rolesOf(place.root, schema);
  if (single !== null) return { ...common, kind: "messages", roles: single, single: true };
  if (common.schema.type !== "array" || Array.isArray(common.schema.prefixItems)) return null;
  const items = resolve(place.root, common.schema.items).schema;
  const roles =
    rolesOf(place.root, common.schema.items) ??
    (isMessagesKey(place.name, items) ? usualRoles() : null);
  if (roles === null) return null;
  return { ...common, kind: "messages", roles, single: false, widget: chatWidget(common.schema) };
}

function alternatives(common: Common, resolved: Resolved, place: Place): Field | null {
  const branches = branchesOf(resolved.schema);
  if (branches === null) return null;
  const { anyOf: _anyOf, oneOf: _oneOf, ...outer } = resolved.schema;
  const open = resolved.references;
  const all = branches.map((branch) => ({ branch, reached: resolve(place.root, branch, open) }));
  const values = all.filter(({ reached }) => !isNull(reached.schema));
  const nullable = common.nullable || values.length < all.length;
  const base: Common = { ...common, nullable };
  const [first] = values;
  if (first === undefined) return { ...base, kind: "const", value: null };
  if (values.length === 1) {
    const { title: _title, ...beside } = outer;
    const inner = fieldOf(first.branch, { ...place, open });
    return withOuter(inner, base, beside);
  }
  const options = optionsOf(values.map(({ reached }) => reached.schema));
  if (options !== null) return { ...base, kind: "enum", options };
  const discriminator = discriminatorOf(
    outer,
    values.map(({ reached }) => reached.schema),
  );
  const names = distinct(
    values.map(({ branch, reached }) => choiceName(branch, reached, discriminator, place)),
  );
  const choices: Choice[] = values.map(({ branch, reached }, index) => ({
    name: names[index] ?? "",
    field: lazily(() => fieldOf(branch, { ...place, name: "", open })),
    minor: isPromptValue(reached.schema),
    accepts: (json) => accepts(json, reached.schema, place.root),
  }));
  return { ...base, kind: "union", choices, discriminator };
}

/** LangChain's envelope around a text or messages, which chat models accept bare as well. */
function isPromptValue(schema: Schema): boolean {
  return (
    tagOf(schema, "type") !== undefined &&
    ["StringPromptValue", "ChatPromptValue", "ChatPromptValueConcrete"].includes(
      textOf(schema.title) ?? "",
    )
  );
}

/** The only branch of a union, with what the union says about it. */
function withOuter(inner: Field, base: Common, outer: Schema): Field {
  return {
    ...inner,
    title: base.title,
    description: base.description ?? inner.description,
    examples: base.examples.length > 0 ? base.examples : inner.examples,
    default: "default" in outer ? base.default : inner.default,
    nullable: base.nullable || inner.nullable,
  };
}

/** The branches of `anyOf`, `oneOf` or a list of types. */
function branchesOf(schema: Schema): readonly unknown[] | null {
  const { anyOf, oneOf, type } = schema;
  if (Array.isArray(anyOf) && anyOf.length > 0) return anyOf;
  if (Array.isArray(oneOf) && oneOf.length > 0) return oneOf;
  if (!Array.isArray(type) || "enum" in schema || "const" in schema) return null;
  const { title: _title, default: _default, examples: _examples, ...beside } = schema;
  return type.map((one) => ({ ...beside, type: one }));
}

function isNull(schema: Schema): boolean {
  return schema.type === "null" || ("const" in schema && schema.const === null);
}

/** The options of a union of constants and enumerations; null where a branch is something else. */
function optionsOf(branches: readonly Schema[]): Option[] | null {
  const all = branches.map((schema) => {
    if ("const" in schema) return [optionOf(schema.const as Json, textOf(schema.title))];
    return Array.isArray(schema.enum) ? schema.enum.map((value: Json) => optionOf(value)) : null;
  });
  return all.every((options) => options !== null) ? all.flat() : null;
}

function optionOf(value: Json, title?: string): Option {
  return { value, label: title ?? (typeof value === "string" ? value : JSON.stringify(value)) };
}

function discriminatorOf(outer: Schema, branches: readonly Schema[]): string | undefined {
  const { discriminator } = outer;
  const named = isObject(discriminator) ? textOf(discriminator.propertyName) : undefined;
  if (named !== undefined) return named;
  const [first] = branches;
  if (first === undefined || !isObject(first.properties)) return undefined;
  return Object.keys(first.properties).find((name) => {
    const tags = branches.map((branch) => tagOf(branch, name));
    return tags.every((tag) => tag !== undefined) && new Set(tags).size === tags.length;
  });
}

function tagOf(schema: Schema, name: string): string | undefined {
  if (!isObject(schema.properties)) return undefined;
  const property = own(schema.properties, name);
  if (!isObject(property)) return undefined;
  const only = Array.isArray(property.enum) && property.enum.length === 1 ? property.enum[0] : null;
  const tag = "const" in property ? property.const : only;
  return typeof tag === "string" || typeof tag === "number" ? String(tag) : undefined;
}

function choiceName(
  branch: unknown,
  reached: Resolved,
  discriminator: string | undefined,
  place: Place,
): string {
  const tag = discriminator === undefined ? undefined : tagOf(reached.schema, discriminator);
  if (tag !== undefined) return spokenName(tag);
  if (rolesOf(place.root, branch) !== null) return strings.kinds.message;
  if (reached.schema.type === "array") {
    if (rolesOf(place.root, reached.schema.items) !== null) return strings.kinds.messages;
    const items = resolve(place.root, reached.schema.items).schema;
    return branchName({ ...reached.schema, items });
  }
  return branchName(reached.schema);
}

function plain(common: Common, resolved: Resolved, place: Place): Field {
  const { schema } = resolved;
  if ("const" in schema) return { ...common, kind: "const", value: (schema.const ?? null) as Json };
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return enumeration(common, schema.enum);
  switch (schema.type ?? impliedType(schema)) {
    case "string":
      return text(common, place);
    case "number":
      return number(common, false);
    case "integer":
      return number(common, true);
    case "boolean":
      return { ...common, kind: "boolean" };
    case "null":
      return { ...common, kind: "const", value: null };
    case "object":
      return object(common, resolved, place);
    case "array":
      return array(common, resolved, place);
    case undefined:
      return { ...common, kind: "json" };
    default:
      return { ...common, kind: "json", note: strings.notes.malformed };
  }
}

function impliedType(schema: Schema): string | undefined {
  if (isObject(schema.properties)) return "object";
  if ("prefixItems" in schema || isObject(schema.items)) return "array";
  return undefined;
}

function enumeration(common: Common, values: readonly unknown[]): Field {
  const given = values.filter((value) => value !== null) as Json[];
  const nullable = common.nullable || given.length < values.length;
  const [only] = given;
  if (given.length === 1 && only !== undefined && !nullable) {
    return { ...common, kind: "const", value: only };
  }
  return { ...common, nullable, kind: "enum", options: given.map((value) => optionOf(value)) };
}

const FILES: Record<string, "base64" | "base64url" | "text"> = {
  binary: "text",
  byte: "base64",
  base64: "base64",
  base64url: "base64url",
};

function text(common: Common, place: Place): Field {
  const { schema } = common;
  const format = textOf(schema.format) ?? "";
  if (widgetOf(schema)?.type === "base64file" || schema.contentEncoding === "base64") {
    return { ...common, kind: "file", encoding: "base64" };
  }
  const encoding = own(FILES, format);
  if (encoding !== undefined) return { ...common, kind: "file", encoding };
  if (format === "date" || format === "time") return { ...common, kind: format };
  if (format === "date-time") return { ...common, kind: "datetime" };
  const isShort =
    place.inline ||
    format !== "" ||
    textOf(schema.pattern) !== undefined ||
    (numberOf(schema.maxLength) ?? Number.POSITIVE_INFINITY) <= 100;
  return { ...common, kind: "text", multiline: !isShort, input: inputType(format, schema) };
}

function inputType(format: string, schema: Schema): "text" | "email" | "url" | "password" {
  if (format === "password" || schema.writeOnly === true) return "password";
  if (format === "email") return "email";
  return format === "uri" || format === "url" ? "url" : "text";
}

/** A range with more steps than this is a number box and no slider. */
const MOST_STEPS = 2000;

function number(common: Common, whole: boolean): Field {
  const { schema } = common;
  const multiple = numberOf(schema.multipleOf);
  const step = multiple !== undefined && multiple > 0 ? multiple : whole ? 1 : undefined;
  const above = numberOf(schema.exclusiveMinimum);
  const below = numberOf(schema.exclusiveMaximum);
  const minimum =
    numberOf(schema.minimum) ?? (above !== undefined && step !== undefined ? above + step : above);
  const maximum =
    numberOf(schema.maximum) ?? (below !== undefined && step !== undefined ? below - step : below);
  const span = maximum !== undefined && minimum !== undefined ? maximum - minimum : Number.NaN;
  const slider = span > 0 && span / (step ?? span / 100) <= MOST_STEPS;
  return { ...common, kind: "number", whole, minimum, maximum, step, slider };
}

function object(common: Common, resolved: Resolved, place: Place): Field {
  const { schema, references } = resolved;
  const properties = isObject(schema.properties) ? schema.properties : {};
  if (Object.keys(properties).length > 0) {
    const within = {
      root: place.root,
      open: [],
      around: [...place.around, ...references],
      inline: false,
    };
    return {
      ...common,
      kind: "object",
      properties: lazily(() => propertiesOf(schema, properties, within)),
      open: schema.additionalProperties !== false,
      recursive: references.some((reference) => place.around.includes(reference)),
    };
  }
  const values = valuesOf(schema);
  if (values === undefined) {
    const isClosed = schema.additionalProperties === false || isObject(schema.properties);
    if (isClosed) {
      const open = schema.additionalProperties !== false;
      return { ...common, kind: "object", properties: () => [], open, recursive: false };
    }
    return { ...common, kind: "json", only: "object" };
  }
  return {
    ...common,
    kind: "map",
    value: lazily(() => fieldOf(values, inside(place, references))),
    keys: keysOf(schema, place),
  };
}

function propertiesOf(
  schema: Schema,
  properties: Schema,
  within: Omit<Place, "name">,
): readonly Property[] {
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const all = Object.entries(properties).map(([name, part]) => ({
    name,
    required: required.has(name),
    field: fieldOf(part, { ...within, name }),
  }));
  return [...all.filter((one) => one.required), ...all.filter((one) => !one.required)];
}

/** The schema of the values of a map; undefined for a free object. */
function valuesOf(schema: Schema): unknown {
  const { additionalProperties: more, patternProperties: patterns } = schema;
  if (isObject(more) && Object.keys(more).length > 0) return more;
  const [first, second] = isObject(patterns) ? Object.values(patterns) : [];
  return second === undefined ? first : undefined;
}

function keysOf(schema: Schema, place: Place): readonly string[] | undefined {
  if (!isObject(schema.propertyNames)) return undefined;
  const names = resolve(place.root, schema.propertyNames).schema.enum;
  return Array.isArray(names) ? names.filter((name) => typeof name === "string") : undefined;
}

function array(common: Common, resolved: Resolved, place: Place): Field {
  const { schema, references } = resolved;
  const within = inside(place, references);
  // Before 2020-12 a list of schemas under `items` was what `prefixItems` is now.
  const fixed = Array.isArray(schema.prefixItems) ? schema.prefixItems : schema.items;
  if (Array.isArray(fixed)) {
    const more = Array.isArray(schema.prefixItems) ? schema.items : schema.additionalItems;
    const isFixed = more === false || more === undefined || schema.maxItems === fixed.length;
    if (!isFixed) return { ...common, kind: "json", only: "array" };
    const names = widgetOf(schema)?.type === "chat" ? [strings.human, strings.ai] : [];
    return { ...common, kind: "tuple", items: lazily(() => tupleItems(fixed, within, names)) };
  }
  const item = lazily(() => itemOf(schema, within));
  const items = resolve(place.root, schema.items);
  const few = Array.isArray(items.schema.enum) ? items.schema.enum : [];
  const isSelection = items.problem === undefined && few.length > 0 && few.length <= 12;
  return {
    ...common,
    kind: "list",
    item,
    minimum: numberOf(schema.minItems) ?? 0,
    maximum: numberOf(schema.maxItems),
    selection: isSelection ? few.map((value: Json) => optionOf(value)) : undefined,
  };
}

/** The items of a list. Under LangServe's chat widget a pair is what a human said and the answer. */
function itemOf(schema: Schema, within: Place): Field {
  const field = fieldOf(schema.items, within);
  if (field.kind !== "tuple" || widgetOf(schema)?.type !== "chat") return field;
  const items = lazily(() =>
    field.items().map((item, index) => {
      const title = [strings.human, strings.ai][index] ?? item.title;
      return item.kind === "text" ? { ...item, title, multiline: true } : { ...item, title };
    }),
  );
  return { ...field, items };
}

function tupleItems(fixed: readonly unknown[], within: Place, names: readonly string[]): Field[] {
  return fixed.map((one, index) => {
    const field = fieldOf(one, within);
    const isNamed = isObject(one) && textOf(one.title) !== undefined;
    return isNamed ? field : { ...field, title: names[index] ?? strings.item(index + 1) };
  });
}

function inside(place: Place, references: readonly string[]): Place {
  const around = [...place.around, ...references];
  return { root: place.root, name: "", open: [], around, inline: true };
}

/** LangServe's hint for the page: in the field itself or, as it was with pydantic 1, under `extra`. */
function widgetOf(schema: Schema): Schema | undefined {
  if (isObject(schema.widget)) return schema.widget;
  return isObject(schema.extra) && isObject(schema.extra.widget) ? schema.extra.widget : undefined;
}

function chatWidget(schema: Schema) {
  const widget = widgetOf(schema);
  if (widget?.type !== "chat") return undefined;
  return { input: textOf(widget.input), output: textOf(widget.output) };
}

function lazily<Made>(make: () => Made): () => Made {
  let made: { value: Made } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
