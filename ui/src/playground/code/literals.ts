/** One word of a POSIX shell that stands for exactly this text. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A Python expression for a JSON value; lines after the first begin with `indent` blanks. */
export function pythonLiteral(value: unknown, indent = 0): string {
  return write(value, indent, 4, {
    null: "None",
    true: "True",
    false: "False",
    key: (key) => quoted(key),
  });
}

/** A JavaScript expression for a JSON value; lines after the first begin with `indent` blanks. */
export function javaScriptLiteral(value: unknown, indent = 0): string {
  return write(value, indent, 2, {
    null: "null",
    true: "true",
    false: "false",
    // Plainly written, this key would set the prototype.
    key: (key) => (key === "__proto__" ? '["__proto__"]' : quoted(key)),
  });
}

interface Words {
  null: string;
  true: string;
  false: string;
  key: (key: string) => string;
}

function write(value: unknown, indent: number, step: number, words: Words): string {
  if (value === null || value === undefined) return words.null;
  if (typeof value === "boolean") return value ? words.true : words.false;
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : words.null;
  if (typeof value === "string") return quoted(value);
  const inner = indent + step;
  const inside = (item: unknown) => write(item, inner, step, words);
  if (Array.isArray(value)) return enclosed("[", value.map(inside), "]", indent, inner);
  const entries = Object.entries(value as Record<string, unknown>)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => `${words.key(key)}: ${inside(item)}`);
  return enclosed("{", entries, "}", indent, inner);
}

function enclosed(open: string, items: string[], close: string, indent: number, inner: number) {
  if (items.length === 0) return open + close;
  const rows = items.map((item) => `${" ".repeat(inner)}${item},`);
  return `${open}\n${rows.join("\n")}\n${" ".repeat(indent)}${close}`;
}

/**
 * A string in double quotes that JSON, Python and JavaScript all read alike. Signs that turn the
 * direction of text or cannot be seen are written as escapes, so that code is what it looks like.
 */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
