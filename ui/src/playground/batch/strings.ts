const count = (many: number, one: string, more = `${one}s`) =>
  `${many.toLocaleString("en")} ${many === 1 ? one : more}`;

/** What the tab for many inputs says. */
export const strings = {
  source: "Inputs",
  sourceLabel: "Inputs as CSV, JSON lines or a JSON list",
  help: "Paste CSV, JSON lines or a JSON list, or drop a file. The first line of CSV names the fields; dots reach into nested ones.",
  placeholder: "text,language\nGood morning,French",
  linesPlaceholder: "Good morning\nGood night",
  file: "Open a file",
  format: "Format",
  formats: { auto: "Detect", csv: "CSV", json: "JSON", lines: "Lines" },
  concurrency: "At the same time",
  found: (many: number, format: string) => `${count(many, "row")}, ${format}`,
  unreadable: (many: number) => `${count(many, "row")} cannot be read`,
  run: (many: number) => `Run ${count(many, "row")}`,
  retry: (many: number) => `Run ${many} again`,
  stop: "Stop",
  progress: (done: number, all: number) => `${done} of ${all}`,
  results: "Results",
  none: "No inputs yet",
  noneHelp: "Each row becomes a run with the configuration of the form.",
  export: "Export",
  exportCsv: "CSV",
  exportJson: "JSON lines",
  tooLarge: "The file is larger than 20 MB.",
  unavailable: "Neither invoke nor batch is published, so there is no way to run many inputs.",
  columns: { row: "Row", state: "State", input: "Input", output: "Output", took: "Time" },
  states: {
    waiting: "waiting",
    running: "running",
    done: "done",
    failed: "failed",
    stopped: "stopped",
    unreadable: "unreadable",
  },
  details: (row: number) => `Row ${row}`,
  open: (row: number) => `Open row ${row}`,
  finished: (done: number, failed: number) => `Batch finished: ${done} done, ${failed} failed`,
  problems: {
    unclosed: (line: number) => `A quoted field that begins in line ${line} never ends`,
    columns: (found: number, expected: number) =>
      `The row has ${found} fields, the first row has ${expected}`,
    conflict: (header: string) => `The column “${header}” contradicts another column`,
    json: (line: number, why: string) => `Line ${line} is not JSON: ${why}`,
    notJson: (why: string) => `This is not JSON: ${why}`,
  },
};
