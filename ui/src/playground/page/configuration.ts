import type { JsonObject } from "../../api";
import {
  equal,
  type Field,
  type FormModel,
  formModel,
  initial,
  type Json,
  type Property,
  toJson,
  UNSET,
  type Value,
} from "../../schema";

/** The two forms of a configuration. */
export interface ConfigurationModels {
  /** The fields that the runnable declares; null where it declares none. */
  fields: FormModel | null;
  /** What else a caller may set, such as tags; null where there is nothing. */
  settings: FormModel | null;
}

const FIELDS = "configurable";
/** Where a graph keeps its threads; the page has its own control for it. */
const THREAD = "thread_id";

/** Make the forms of a configuration from the schema that the service gives. */
export function configurationModels(schema: unknown): ConfigurationModels {
  const { field, root } = formModel(schema);
  if (field.kind !== "object") return { fields: null, settings: null };
  const properties = field.properties();
  const declared = properties.find(({ name }) => name === FIELDS)?.field;
  const others = properties.filter(({ name }) => name !== FIELDS);
  return {
    fields: declared === undefined ? null : withFields(declared, root),
    settings: others.length === 0 ? null : { field: { ...field, properties: () => others }, root },
  };
}

function withFields(field: Field, root: unknown): FormModel | null {
  if (field.kind !== "object") return { field, root };
  const shown = field.properties().filter(({ name }) => name !== THREAD);
  return shown.length === 0 ? null : { field: { ...field, properties: () => shown }, root };
}

/** What of a form differs from its defaults, by the names of its fields. */
export function changedParts(model: FormModel | null, value: Value): JsonObject {
  if (model === null) return {};
  const { field } = model;
  if (field.kind !== "object" || value.is !== "object") {
    const json = toJson(field, value);
    return isObject(json) ? json : {};
  }
  const changed = field
    .properties()
    .map((property) => [property.name, changedPart(property, value.fields)] as const)
    .filter(([, json]) => json !== undefined);
  return Object.fromEntries([...changed, ...Object.entries(value.rest)]);
}

function changedPart(property: Property, fields: Record<string, Value>): Json | undefined {
  const { field, required } = property;
  const json = toJson(field, own(fields, property.name));
  return equal(json, toJson(field, initial(field, required, 1))) ? undefined : json;
}

/** The configuration that is sent: nothing for what is as it is by default. */
export function configOf(fields: JsonObject, settings: JsonObject, thread: string | null) {
  const configurable = thread === null ? fields : { ...fields, [THREAD]: thread };
  const isEmpty = Object.keys(configurable).length === 0;
  return isEmpty ? settings : { ...settings, [FIELDS]: configurable };
}

/** A configuration with a thread in it; without one where there is none. */
export function withThread(config: JsonObject, thread: string | null): JsonObject {
  const { fields, settings } = partsOf(config);
  return configOf(fields, settings, thread);
}

/** What a configuration from elsewhere says, taken apart into the parts that the page holds. */
export function partsOf(config: JsonObject): {
  fields: JsonObject;
  settings: JsonObject;
  thread: string | null;
} {
  const { [FIELDS]: configurable, ...settings } = config;
  const { [THREAD]: thread, ...fields } = isObject(configurable) ? configurable : {};
  return { fields, settings, thread: typeof thread === "string" ? thread : null };
}

/** The JSON of a form in which some parts have been set, and the others are as by default. */
export function withDefaults(model: FormModel, parts: JsonObject): JsonObject {
  const defaults = toJson(model.field, initial(model.field, true));
  return { ...(isObject(defaults) ? defaults : {}), ...parts };
}

function own(fields: Record<string, Value>, name: string): Value {
  return (Object.hasOwn(fields, name) ? fields[name] : undefined) ?? UNSET;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
