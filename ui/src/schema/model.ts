import type { Json } from "./json";
import type { Schema } from "./resolve";

/** What every field of a form has. */
interface Common {
  title: string;
  description?: string | undefined;
  examples: readonly Json[];
  /** The schema's default; undefined where it has none, or where it is a null that stands for "not set". */
  default?: Json | undefined;
  /** Whether null is a value that the field accepts. */
  nullable: boolean;
  /** The schema with its references followed. */
  schema: Schema;
  /** What is odd about the schema, in a sentence. */
  note?: string | undefined;
}

export interface Choice {
  name: string;
  field: () => Field;
  /** Whether it is offered only where the value is of this kind already. */
  minor: boolean;
  /** Whether the schema of this choice allows a value. */
  accepts: (json: Json) => boolean;
}

export interface Option {
  label: string;
  value: Json;
}

export interface Property {
  name: string;
  required: boolean;
  field: Field;
}

export interface TextField extends Common {
  kind: "text";
  multiline: boolean;
  /** The type of the browser's input. */
  input: "text" | "email" | "url" | "password";
}

export interface NumberField extends Common {
  kind: "number";
  whole: boolean;
  minimum?: number | undefined;
  maximum?: number | undefined;
  step?: number | undefined;
  /** Whether both limits are known and near enough for a slider. */
  slider: boolean;
}

export interface BooleanField extends Common {
  kind: "boolean";
}

export interface EnumField extends Common {
  kind: "enum";
  options: readonly Option[];
}

/** A value that cannot be chosen: it is sent as it is and not shown. */
export interface ConstField extends Common {
  kind: "const";
  value: Json;
}

export interface DateField extends Common {
  kind: "date" | "datetime" | "time";
}

/** Text that a file becomes. */
export interface FileField extends Common {
  kind: "file";
  encoding: "base64" | "base64url" | "text";
}

export interface ObjectField extends Common {
  kind: "object";
  properties: () => readonly Property[];
  /** Whether keys beside the properties are accepted. */
  open: boolean;
  /** Whether an ancestor has the same schema: such a field is opened on demand. */
  recursive: boolean;
}

export interface ListField extends Common {
  kind: "list";
  item: () => Field;
  minimum: number;
  maximum?: number | undefined;
  /** The choices, where the list is a selection among a few. */
  selection?: readonly Option[] | undefined;
}

export interface TupleField extends Common {
  kind: "tuple";
  items: () => readonly Field[];
}

export interface MapField extends Common {
  kind: "map";
  value: () => Field;
  /** The keys that are allowed, where they are listed. */
  keys?: readonly string[] | undefined;
}

export interface UnionField extends Common {
  kind: "union";
  choices: readonly Choice[];
  /** The property that tells the choices apart. */
  discriminator?: string | undefined;
}

/** A list of chat messages, or a single one. */
export interface MessagesField extends Common {
  kind: "messages";
  /** The types of message that are accepted, as LangChain writes them, such as "human". */
  roles: readonly string[];
  single: boolean;
  /** LangServe's chat widget: the keys of the input and output that hold a turn. */
  widget?: { input?: string | undefined; output?: string | undefined } | undefined;
}

/** Anything: a part of the form that is written as JSON. */
export interface JsonField extends Common {
  kind: "json";
  /** What it must be, where the schema says so. */
  only?: "object" | "array" | undefined;
}

export type Field =
  | TextField
  | NumberField
  | BooleanField
  | EnumField
  | ConstField
  | DateField
  | FileField
  | ObjectField
  | ListField
  | TupleField
  | MapField
  | UnionField
  | MessagesField
  | JsonField;

/** A form: its outermost field, and the schema that it was made from. */
export interface FormModel {
  field: Field;
  root: unknown;
}
