/** The rows of a table as text; reading stops at what no reader could make sense of. */
export interface Table {
  rows: string[][];
  separator: Separator;
  /** The line at which a quoted field begins that never ends. */
  unclosedAt: number | null;
}

export type Separator = "," | ";" | "\t";

const SEPARATORS: readonly Separator[] = [",", ";", "\t"];

/** Read CSV (RFC 4180), also with semicolons or tabs, any line ends, and a byte order mark. */
export function parseCsv(text: string, separator = separatorOf(text)): Table {
  const source = text.replace(/^\ufeff/, "");
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let quotedFrom: number | null = null;
  let wasQuoted = false;
  let line = 1;
  const endField = () => {
    row.push(field);
    field = "";
    wasQuoted = false;
  };
  const endRow = () => {
    endField();
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  for (let at = 0; at < source.length; at++) {
    const sign = source.charAt(at);
    if (sign === "\n") line++;
    if (quotedFrom !== null) {
      if (sign !== '"') field += sign;
      else if (source[at + 1] === '"') {
        field += '"';
        at++;
      } else quotedFrom = null;
    } else if (sign === '"' && field === "" && !wasQuoted) {
      quotedFrom = line;
      wasQuoted = true;
    } else if (sign === separator) endField();
    else if (sign === "\n" || sign === "\r") {
      if (sign === "\r" && source[at + 1] === "\n") {
        at++;
        line++;
      }
      endRow();
    } else field += sign;
  }
  if (field !== "" || wasQuoted || row.length > 0) endRow();
  return { rows, separator, unclosedAt: quotedFrom };
}

/** The separator that the first record has most of, outside quotes. */
export function separatorOf(text: string): Separator {
  const counts = new Map<string, number>(SEPARATORS.map((each) => [each, 0]));
  let quoted = false;
  for (const sign of text) {
    if (sign === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (sign === "\n" || sign === "\r") break;
    else if (counts.has(sign)) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  }
  return SEPARATORS.reduce((best, each) =>
    (counts.get(each) ?? 0) > (counts.get(best) ?? 0) ? each : best,
  );
}

/** Write rows as CSV that every spreadsheet reads, and in which nothing is taken for a formula. */
export function writeCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(text: string): string {
  const plain = Number.isNaN(Number(text)) && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n;\t]|^\s|\s$/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
