import type { Field } from "../../schema";
import { cellValue, typesAt, type ValueType } from "./cells";
import { parseCsv } from "./csv";
import { placeValue } from "./nesting";
import { strings } from "./strings";

const { problems } = strings;

export type BatchFormat = "csv" | "json" | "lines";

/** One input of a batch, or why the row is none. */
export type BatchInput = { input: unknown } | { problem: string };

export interface BatchInputs {
  format: BatchFormat;
  inputs: BatchInput[];
  /** Why the text as a whole cannot be read. */
  problem: string | null;
}

/** Take a text apart into the inputs of a batch, by the form of one input. */
export function readBatch(
  text: string,
  field: Field,
  format: BatchFormat = formatOf(text, field),
): BatchInputs {
  if (format === "json") return readJson(text);
  if (format === "lines") return readLines(text);
  return readTable(text, field);
}

/** What the text most likely is. */
export function formatOf(text: string, field: Field): BatchFormat {
  const source = text.replace(/^\ufeff/, "").trimStart();
  const first = source.split(/\r\n|\r|\n/, 1)[0] ?? "";
  if (/^[[{]/.test(source) || isJson(first)) return "json";
  const wantsObject = typesAt(field, []).some((type) => type === "object" || type === "any");
  return wantsObject || first.trim().toLowerCase() === "input" ? "csv" : "lines";
}

function readTable(text: string, field: Field): BatchInputs {
  const { rows, unclosedAt } = parseCsv(text);
  const [headers, ...records] = rows;
  const problem = unclosedAt === null ? null : problems.unclosed(unclosedAt);
  if (headers === undefined) return { format: "csv", inputs: [], problem };
  const columns = columnsOf(headers, field);
  const inputs = records.map((record) => readRecord(record, columns));
  return { format: "csv", inputs, problem };
}

/** Where the values of a column go, and of which types they may be: the same in every record. */
interface Column {
  name: string;
  /** Empty for a column that holds whole inputs. */
  path: string[];
  types: ValueType[];
}

function columnsOf(headers: readonly string[], field: Field): Column[] {
  const names = headers.map((header) => header.trim());
  const whole = typesAt(field, []);
  const isWhole = names.length === 1 && names[0] === "input" && !whole.includes("object");
  return names.map((name) => {
    const path = isWhole ? [] : pathOf(name, field);
    return { name, path, types: typesAt(field, path) };
  });
}

function readRecord(record: string[], columns: readonly Column[]): BatchInput {
  if (record.length > columns.length) {
    return { problem: problems.columns(record.length, columns.length) };
  }
  const [first] = columns;
  if (first?.path.length === 0) return { input: cellValue(record[0] ?? "", first.types) ?? null };
  let input: unknown = {};
  for (const [position, { name, path, types }] of columns.entries()) {
    const text = record[position];
    if (text === undefined || name === "") continue;
    const value = cellValue(text, types);
    if (value === undefined) continue;
    const placed = placeValue(input, path, value);
    if (placed === null) return { problem: problems.conflict(name) };
    input = placed.value;
  }
  return { input };
}

/** A header is a path, unless the input has a field of exactly this name. */
function pathOf(header: string, field: Field): string[] {
  if (!header.includes(".")) return [header];
  const whole = typesAt(field, [header]);
  return whole.includes("unknown") ? header.split(".") : [header];
}

function readLines(text: string): BatchInputs {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/);
  const inputs = lines.filter((line) => line.trim() !== "").map((line) => ({ input: line }));
  return { format: "lines", inputs, problem: null };
}

function readJson(text: string): BatchInputs {
  const source = text.replace(/^\ufeff/, "").trim();
  if (source.startsWith("[")) {
    try {
      const all: unknown = JSON.parse(source);
      if (Array.isArray(all)) {
        return { format: "json", inputs: all.map((input: unknown) => ({ input })), problem: null };
      }
    } catch (error) {
      // Not one list; perhaps a list in each line.
      if (!isJson(source.split(/\r\n|\r|\n/, 1)[0] ?? "")) {
        return { format: "json", inputs: [], problem: problems.notJson(reason(error)) };
      }
    }
  }
  if (isJson(source) && /[\r\n]/.test(source)) {
    return { format: "json", inputs: [{ input: JSON.parse(source) as unknown }], problem: null };
  }
  const inputs: BatchInput[] = [];
  for (const [number, line] of source.split(/\r\n|\r|\n/).entries()) {
    if (line.trim() === "") continue;
    try {
      inputs.push({ input: JSON.parse(line) as unknown });
    } catch (error) {
      inputs.push({ problem: problems.json(number + 1, reason(error)) });
    }
  }
  return { format: "json", inputs, problem: null };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
