import { type Field, itemField, toJson, UNSET, type Value } from "../../schema";

/** A form's value without what was typed into fields of passwords: those are never kept or shared. */
export function withoutSecrets(field: Field, value: Value): Value {
  if (isSecret(field)) return UNSET;
  switch (value.is) {
    case "object": {
      if (field.kind !== "object") return value;
      const fields = new Map(field.properties().map((part) => [part.name, part.field]));
      return {
        ...value,
        fields: mapped(value.fields, (name, part) => inner(fields.get(name), part)),
      };
    }
    case "list":
      return {
        ...value,
        items: value.items.map((item, index) => inner(itemField(field, index), item)),
      };
    case "map": {
      const part = field.kind === "map" ? field.value() : undefined;
      return {
        ...value,
        entries: value.entries.map((entry) => ({ ...entry, value: inner(part, entry.value) })),
      };
    }
    case "choice": {
      const chosen = field.kind === "union" ? field.choices[value.choice]?.field() : undefined;
      return { ...value, value: inner(chosen, value.value) };
    }
    default:
      return value;
  }
}

/** Whether a form holds something that must not be kept. */
export function holdsSecrets(field: Field, value: Value): boolean {
  const before = JSON.stringify(toJson(field, value));
  return before !== JSON.stringify(toJson(field, withoutSecrets(field, value)));
}

function inner(field: Field | undefined, value: Value): Value {
  return field === undefined ? value : withoutSecrets(field, value);
}

function isSecret(field: Field): boolean {
  return (field.kind === "text" && field.input === "password") || field.schema.writeOnly === true;
}

function mapped(
  fields: Record<string, Value>,
  change: (name: string, value: Value) => Value,
): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, change(name, value)]),
  );
}
