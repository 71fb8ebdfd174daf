import { isObject, pointer } from "./json";
import type { Field, FormModel } from "./model";
import { strings } from "./strings";
import type { FieldErrors } from "./validate";

export interface Refusal {
  /** What the server says about single parts of the form. */
  fields: FieldErrors;
  /** What it says about anything else, such as another part of the request. */
  others: readonly string[];
}

/**
 * Find the fields that the body of a 422 response is about.
 *
 * @param part The key of the request's body that the form fills: locations may start with it.
 */
export function fieldErrorsOf422(
  model: FormModel,
  body: unknown,
  part: "input" | "config" = "input",
): Refusal {
  const detail = isObject(body) ? body.detail : undefined;
  const fields = new Map<string, string>();
  const others: string[] = [];
  if (!Array.isArray(detail)) {
    return { fields, others: typeof detail === "string" ? [detail] : [] };
  }
  for (const item of detail) {
    if (!isObject(item)) continue;
    const location = Array.isArray(item.loc) ? item.loc.filter(isStep) : [];
    const place = placeOf(model.field, location, part);
    const message = sentenceOf(item);
    if (place === null) others.push(`${location.join(" → ")}: ${message}`);
    else if (!fields.has(place)) fields.set(place, message);
  }
  return { fields, others };
}

type Step = string | number;

function isStep(step: unknown): step is Step {
  return typeof step === "string" || typeof step === "number";
}

function sentenceOf(item: Record<string, unknown>): string {
  if (item.type === "missing") return strings.problems.required;
  return typeof item.msg === "string" ? item.msg : strings.problems.other;
}

function placeOf(field: Field, location: readonly Step[], part: string): string | null {
  const steps = location[0] === "body" ? location.slice(1) : location;
  if (steps.length === 0) return "";
  const direct = walked(field, steps);
  if (direct !== null) return direct;
  return steps[0] === part ? (walked(field, steps.slice(1)) ?? "") : null;
}

/**
 * Follow a location into the form as far as it goes.
 *
 * Pydantic's locations also name the branch of a union that it tried; such steps are passed over.
 */
function walked(field: Field, steps: readonly Step[]): string | null {
  const path: Step[] = [];
  let here = branches(field);
  for (const [index, step] of steps.entries()) {
    const next = here.flatMap((one) => below(one, step)).flatMap((one) => branches(one));
    if (next.length > 0) {
      path.push(step);
      here = next;
    } else if (here.length > 1 && isBranch(here, step)) {
      // Only which branch was tried.
    } else if (here.some((one) => isOpen(one, step))) {
      path.push(...steps.slice(index).filter((one) => !isTag(one)));
      break;
    } else if (path.length === 0 && !isTag(step)) {
      return null;
    }
  }
  return path.length === 0 && steps.length > 0 && field.kind !== "union" ? null : pointer(path);
}

function branches(field: Field, depth = 0): Field[] {
  if (field.kind !== "union" || depth > 3) return [field];
  return field.choices.flatMap((choice) => branches(choice.field(), depth + 1));
}

function below(field: Field, step: Step): Field[] {
  if (field.kind === "object") {
    return field
      .properties()
      .filter(({ name }) => name === step)
      .map((property) => property.field);
  }
  if (field.kind === "list" && typeof step === "number") return [field.item()];
  if (field.kind === "tuple" && typeof step === "number") {
    return field.items().slice(step, step + 1);
  }
  return field.kind === "map" && typeof step === "string" ? [field.value()] : [];
}

/** Whether a step may lead into a part that has no fields of its own. */
function isOpen(field: Field, step: Step): boolean {
  if (field.kind === "messages") return field.single || typeof step === "number";
  return field.kind === "json";
}

/** Whether a step names one of the branches of a union. */
function isBranch(branches: readonly Field[], step: Step): boolean {
  const isValueOf = (field: Field) =>
    field.kind === "object" &&
    field.properties().some((part) => part.field.kind === "const" && part.field.value === step);
  return isTag(step) || branches.some(isValueOf);
}

/** The name of a class or a type, such as "HumanMessage", "str" or "list[str]". */
function isTag(step: Step): boolean {
  return (
    typeof step === "string" &&
    (/^[A-Z]/.test(step) ||
      /[[(]/.test(step) ||
      /^(str|int|float|bool|bytes|none|dict|list|set|tuple|date|datetime|time|url|uuid)$/.test(
        step,
      ))
  );
}
