import type { Field } from "../schema";

const DEEPEST = 8;

/** The fields that a choice between several comes down to; any other field is its own. */
export function alternatives(field: Field, depth = 0): Field[] {
  if (field.kind !== "union" || depth > DEEPEST) return [field];
  return field.choices.flatMap((choice) => alternatives(choice.field(), depth + 1));
}
