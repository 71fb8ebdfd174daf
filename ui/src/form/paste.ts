import { type Field, isObject, type Json, takeField, type Value } from "../schema";

/**
 * The value of a field after JSON was pasted into it; null where the JSON is not meant for the field.
 *
 * Fields of an object that the JSON does not name keep what they hold.
 */
export function afterPaste(json: Json, field: Field, now: Value): Value | null {
  const taken = takeField(json, field);
  return isMeant(json, field, taken, now) ? merged(json, taken, now) : null;
}

function isMeant(json: Json, field: Field, taken: Value, now: Value): boolean {
  switch (taken.is) {
    case "object":
      return Object.entries(taken.fields).some(
        ([name, part]) => isObject(json) && Object.hasOwn(json, name) && part.is !== "raw",
      );
    case "list":
      return taken.items.every((item) => item.is !== "raw");
    case "map":
      // Any object fits a map of anything: one that is filled already is left alone.
      return (
        (now.is !== "map" || now.entries.length === 0) &&
        taken.entries.every((entry) => entry.value.is !== "raw")
      );
    case "choice": {
      const chosen = field.kind === "union" ? field.choices[taken.choice] : undefined;
      const inner = now.is === "choice" && now.choice === taken.choice ? now.value : taken.value;
      return chosen !== undefined && isMeant(json, chosen.field(), taken.value, inner);
    }
    default:
      return taken.is === "plain";
  }
}

function merged(json: Json, taken: Value, now: Value): Value {
  if (taken.is === "choice" && now.is === "choice" && taken.choice === now.choice) {
    return { ...taken, value: merged(json, taken.value, now.value) };
  }
  if (taken.is !== "object" || now.is !== "object" || !isObject(json)) return taken;
  const given = Object.entries(taken.fields).filter(([name]) => Object.hasOwn(json, name));
  return {
    is: "object",
    fields: { ...taken.fields, ...now.fields, ...Object.fromEntries(given) },
    rest: { ...now.rest, ...taken.rest },
  };
}
