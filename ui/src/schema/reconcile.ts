import { equal, own } from "./json";
import type { Field, FormModel, ObjectField, UnionField } from "./model";
import { takeField } from "./takeApart";
import { UNSET, type Value } from "./value";
import { initial, itemField, toJson } from "./values";

/**
 * Carry what was filled in over to a form whose schema has changed.
 *
 * Fields that nobody has touched get the new defaults; the others keep what they hold wherever the new
 * schema has a field of that name that can hold it.
 */
export function reconcile(before: FormModel, after: FormModel, value: Value): Value {
  return carried(before.field, after.field, value, true);
}

function carried(before: Field, after: Field, value: Value, required: boolean): Value {
  if (before === after) return value;
  if (equal(value, initial(before, required))) return initial(after, required);
  if (value.is === "unset") {
    const isNewConst = after.kind === "const" && before.kind !== "const";
    return isNewConst ? initial(after, required) : value;
  }
  if (value.is === "null") return after.nullable ? value : initial(after, required);
  if (value.is === "raw") return carriedRaw(before, after, value, required);
  if (before.kind === "object" && after.kind === "object" && value.is === "object") {
    return { ...value, fields: carriedFields(before, after, value.fields) };
  }
  if (before.kind === "union" && after.kind === "union" && value.is === "choice") {
    const chosen = carriedChoice(before, after, value);
    if (chosen !== null) return chosen;
  }
  if (value.is === "list" && before.kind === after.kind)
    return carriedItems(before, after, value.items);
  if (value.is === "map" && before.kind === "map" && after.kind === "map") {
    const entries = value.entries.map((entry) => ({
      key: entry.key,
      value: carried(before.value(), after.value(), entry.value, true),
    }));
    return { is: "map", entries };
  }
  return converted(before, after, value, required);
}

/** What is being written as JSON stays so: where the new field is of another kind it may fit now. */
function carriedRaw(before: Field, after: Field, value: Value, required: boolean): Value {
  return before.kind === "json" && after.kind !== "json"
    ? converted(before, after, value, required)
    : value;
}

function carriedFields(
  before: ObjectField,
  after: ObjectField,
  fields: Record<string, Value>,
): Record<string, Value> {
  const old = new Map(before.properties().map((property) => [property.name, property]));
  return Object.fromEntries(
    after.properties().map((property) => {
      const same = old.get(property.name);
      if (same === undefined) return [property.name, initial(property.field, property.required, 1)];
      const held = own(fields, property.name) ?? UNSET;
      const isMissing = held.is === "unset" && property.required && !same.required;
      return [
        property.name,
        isMissing
          ? initial(property.field, true, 1)
          : carried(same.field, property.field, held, property.required),
      ];
    }),
  );
}

function carriedChoice(
  before: UnionField,
  after: UnionField,
  value: Extract<Value, { is: "choice" }>,
): Value | null {
  const old = before.choices[value.choice];
  const index = after.choices.findIndex((choice) => choice.name === old?.name);
  const same = after.choices[index];
  if (old === undefined || same === undefined) return null;
  return {
    is: "choice",
    choice: index,
    value: carried(old.field(), same.field(), value.value, true),
  };
}

function carriedItems(before: Field, after: Field, items: readonly Value[]): Value {
  const all = items.flatMap((item, index) => {
    const [from, to] = [itemField(before, index), itemField(after, index)];
    return from === undefined || to === undefined ? [] : [carried(from, to, item, true)];
  });
  const missing = after.kind === "tuple" ? after.items().slice(all.length) : [];
  return { is: "list", items: [...all, ...missing.map((field) => initial(field, true, 1))] };
}

/** The same JSON in the new field, if it can hold it. */
function converted(before: Field, after: Field, value: Value, required: boolean): Value {
  const json = toJson(before, value);
  if (json === undefined) return initial(after, required);
  const taken = takeField(json, after);
  return taken.is === "raw" && after.kind !== "json" ? initial(after, required) : taken;
}
