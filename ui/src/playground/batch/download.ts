/** Have the browser save a text as a file. */
export function download(name: string, type: string, text: string): void {
  // The mark tells spreadsheets that it is UTF-8.
  const parts = type === "text/csv" ? ["\ufeff", text] : [text];
  const address = URL.createObjectURL(new Blob(parts, { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-") || "results";
  link.click();
  URL.revokeObjectURL(address);
}
