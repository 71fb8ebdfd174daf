/** From a JSON schema to the model of a form, and from what was filled in to what is sent. */

export { formModel } from "./build";
export { loadChecker } from "./check";
export {
  equal,
  inWords,
  isObject,
  type Json,
  type JsonObject,
  type Path,
  parsed,
  pointer,
  pretty,
  withKey,
} from "./json";
export { emptyMessage, isMessage, ROLES, roleOf } from "./messages";
export type * from "./model";
export { reconcile } from "./reconcile";
export { fieldErrorsOf422, type Refusal } from "./refusals";
export { takeApart, takeField } from "./takeApart";
export { type FieldErrors, validate } from "./validate";
export { isValue, type MapEntry, numberIn, UNSET, type Value } from "./value";
export { empty, initial, initialValue, itemField, partOf, toInput, toJson } from "./values";
