/** Files that become text in a form. */

export interface ReadFile {
  name: string;
  type: string;
  bytes: Uint8Array;
}

export async function readFile(file: File): Promise<ReadFile> {
  return { name: file.name, type: file.type, bytes: new Uint8Array(await file.arrayBuffer()) };
}

export function base64(bytes: Uint8Array, url = false): string {
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; start += 0x8000) {
    parts.push(String.fromCharCode(...bytes.subarray(start, start + 0x8000)));
  }
  const text = btoa(parts.join(""));
  return url ? text.replaceAll("+", "-").replaceAll("/", "_") : text;
}

/** The text in bytes, or null where they are no UTF-8. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(kib < 10 ? 1 : 0)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

/** How many bytes base64 text stands for. */
export function decodedSize(text: string): number {
  return Math.floor((text.replace(/=+$/, "").length * 3) / 4);
}

const IMAGES: readonly (readonly [string, string])[] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["_9j_", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
];

/** The type of image that base64 text holds, by its first letters; undefined for all else. */
export function imageType(text: string): string | undefined {
  return IMAGES.find(([start]) => text.startsWith(start))?.[1];
}

/** An address that an image element can show, of base64 text in either alphabet. */
export function dataUrl(text: string, type: string): string {
  return `data:${type};base64,${text.replaceAll("-", "+").replaceAll("_", "/")}`;
}
