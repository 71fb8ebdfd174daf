/** The part that checks values, loaded by itself. */
export { dereference, validate } from "@cfworker/json-schema";
