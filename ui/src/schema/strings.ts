import { inWords, type Json } from "./json";

const count = (many: number, one: string, more = `${one}s`) =>
  many === 1 ? `1 ${one}` : `${many} ${more}`;

const brief = (json: unknown) => {
  const text = inWords(json);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
};

const FORMATS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    date: "Must be a date, such as 2026-01-31",
    "date-time": "Must be a date and a time, such as 2026-01-31T12:00:00Z",
    time: "Must be a time, such as 12:00:00Z",
    duration: "Must be a duration, such as PT15M or P2D",
    email: "Must be an e-mail address",
    uri: "Must be a full address, such as https://example.org",
    uuid: "Must be a UUID, such as 123e4567-e89b-12d3-a456-426614174000",
    ipv4: "Must be an IPv4 address",
    ipv6: "Must be an IPv6 address",
  }),
);

/** What the reading of schemas and the checking of values say. */
export const strings = {
  input: "Input",
  value: "Value",
  notes: {
    malformed: "The schema of this field cannot be read, so it is edited as JSON.",
    nothing: "The schema of this field accepts no value at all.",
    unknownReference: (reference: string) =>
      `The schema refers to ${brief(reference)}, which it does not define, so this field is edited as JSON.`,
    cyclic: "The schema of this field refers to itself and says no more, so it is edited as JSON.",
  },
  kinds: {
    text: "Text",
    number: "Number",
    integer: "Whole number",
    boolean: "Yes or no",
    choice: "Choice",
    date: "Date",
    datetime: "Date and time",
    time: "Time",
    file: "File",
    messages: "Messages",
    message: "Message",
    object: "Fields",
    objectWith: (names: string) => `Fields ${names}`,
    listOf: (item: string) => `List of ${item.charAt(0).toLowerCase()}${item.slice(1)}`,
    list: "List",
    tuple: "Fixed list",
    map: "Keys and values",
    null: "Nothing (null)",
    any: "JSON",
  },
  yes: "Yes",
  no: "No",
  human: "Human",
  ai: "AI",
  nth: (name: string, number: number) => `${name} (${number})`,
  item: (number: number) => `Item ${number}`,
  problems: {
    required: "Required",
    notJson: "This is not JSON yet",
    inexact: "Too large to be sent exactly from this form",
    notNumber: "Must be a number",
    type: {
      array: "Must be a list",
      boolean: "Must be true or false",
      integer: "Must be a whole number",
      null: "Must be null",
      number: "Must be a number",
      object: "Must be an object",
      string: "Must be text",
    } as Record<string, string>,
    otherType: "Is not of the right type",
    const: (value: Json) => `Must be ${brief(value)}`,
    enum: (values: readonly Json[]) =>
      values.length > 8
        ? "Must be one of the choices"
        : `Must be one of ${values.map(brief).join(", ")}`,
    minimum: (limit: number) => `Must be ${limit} or more`,
    maximum: (limit: number) => `Must be ${limit} or less`,
    exclusiveMinimum: (limit: number) => `Must be more than ${limit}`,
    exclusiveMaximum: (limit: number) => `Must be less than ${limit}`,
    multipleOf: (step: number) => `Must be a multiple of ${step}`,
    minLength: (limit: number) => `Needs at least ${count(limit, "character")}`,
    maxLength: (limit: number) => `Has room for ${count(limit, "character")}`,
    minItems: (limit: number) => `Needs at least ${count(limit, "item")}`,
    maxItems: (limit: number) => `Has room for ${count(limit, "item")}`,
    uniqueItems: "No item may appear twice",
    minProperties: (limit: number) => `Needs at least ${count(limit, "key")}`,
    maxProperties: (limit: number) => `Has room for ${count(limit, "key")}`,
    pattern: (pattern: string) => `Must match the pattern ${brief(pattern)}`,
    format: (format: string) => FORMATS.get(format) ?? `Must have the format ${brief(format)}`,
    unknownKeys: (keys: readonly string[]) => `Unknown: ${keys.map(brief).join(", ")}`,
    missingKeys: (keys: readonly string[]) => `Missing: ${keys.map(brief).join(", ")}`,
    keyTwice: (key: string) => `The key “${brief(key)}” appears twice`,
    keyEmpty: "Every key needs a name",
    emptyMessage: "The message is empty",
    noMessages: "Add a message",
    toolCallId: "Needs the id of the tool call that it answers",
    other: "Does not fit the schema",
  },
};
