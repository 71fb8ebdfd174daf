import { useState } from "react";
import { equal, inWords, isObject, type Json, type JsonObject } from "../schema";
import { base64, type ReadFile } from "./files";

/** One part of what a message says. */
export type Part = JsonObject;

/**
 * The parts of a content, as they are written.
 *
 * A text that is empty keeps its place among them, although it is no part of the content.
 */
export function useParts(content: Json, onContent: (content: Json) => void) {
  const [written, setWritten] = useState<readonly Part[]>(() => partsOf(content));
  const parts = equal(contentOf(written), content) ? written : partsOf(content);
  const setParts = (next: readonly Part[]) => {
    setWritten(next);
    onContent(contentOf(next));
  };
  return [parts, setParts] as const;
}

/** The content of a message as parts. There is always a text, so that one can be written. */
function partsOf(content: Json): Part[] {
  if (!Array.isArray(content)) {
    return [{ type: "text", text: typeof content === "string" ? content : "" }];
  }
  const parts = content.map(
    (part): Part => (isObject(part) ? part : { type: "text", text: inWords(part) }),
  );
  return parts.some(isText) ? parts : [{ type: "text", text: "" }, ...parts];
}

/** One text alone is sent as text: every model understands that. Many refuse an empty one as a part. */
function contentOf(parts: readonly Part[]): Json {
  const [only, ...more] = parts.filter((part) => !isText(part) || part.text !== "");
  if (only === undefined) return "";
  const isPlain = more.length === 0 && isText(only) && Object.keys(only).length === 2;
  return isPlain ? (only.text ?? "") : [only, ...more];
}

export function isText(part: Part): boolean {
  return part.type === "text" && typeof part.text === "string";
}

/** Whether a content holds neither a text nor anything else. */
export function isBlank(content: Json): boolean {
  return partsOf(content).every((part) => isText(part) && inWords(part.text).trim() === "");
}

/** Images as most providers' models take them; other files as LangChain's standard block. */
export function attachment(file: ReadFile): Part {
  const data = base64(file.bytes);
  if (file.type.startsWith("image/")) {
    return { type: "image_url", image_url: { url: `data:${file.type};base64,${data}` } };
  }
  const mime = file.type || "application/octet-stream";
  return { type: "file", base64: data, mime_type: mime, filename: file.name };
}

/** What an attachment holds; null for a part of another kind. */
export function attached(part: Part): { text: string; name: string; type: string } | null {
  const image = part.image_url;
  const url =
    typeof image === "object" && image !== null && !Array.isArray(image) ? image.url : image;
  const data = typeof url === "string" ? /^data:([^;,]+);base64,(.*)$/s.exec(url) : null;
  if (data !== null) return { text: data[2] ?? "", name: "image", type: data[1] ?? "" };
  const content = typeof part.base64 === "string" ? part.base64 : part.data;
  if (typeof content !== "string") return null;
  const type = typeof part.mime_type === "string" ? part.mime_type : "application/octet-stream";
  return { text: content, name: typeof part.filename === "string" ? part.filename : type, type };
}
