const FENCE = /^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})(.*)$/;
const ITEM = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)/;
/** The beginning of a line that may still become an item of a list. */
const PERHAPS_ITEM = /^ {0,3}(?:[-*+]|\d{0,9}[.)]?)$/;

/**
 * Cut markdown at blank lines outside fences and lists, so that each part can be shown by itself.
 *
 * The parts join to the text again. All but the last stay what they are when text is appended.
 */
export function splitBlocks(text: string): string[] {
  const blocks: string[] = [];
  let start = 0;
  let fence: string | null = null;
  let isList = false;
  let isBlank = false; // The line before was.
  let isEmpty = true; // Nothing but blank lines since `start`.
  for (let at = 0; at < text.length; ) {
    const feed = text.indexOf("\n", at);
    const next = feed === -1 ? text.length : feed + 1;
    const line = text.slice(at, feed === -1 ? next : feed).replace(/\r$/, "");
    if (fence !== null) {
      if (closes(line, fence)) fence = null;
      isBlank = false;
    } else if (line.trim() === "") {
      isBlank = true;
    } else {
      if (isBlank && !isEmpty) {
        const isOpen = feed === -1 && PERHAPS_ITEM.test(line);
        const goesOn = /^[ \t]/.test(line) || (isList && (ITEM.test(line) || isOpen));
        if (!goesOn) {
          blocks.push(text.slice(start, at));
          start = at;
          isEmpty = true;
        }
      }
      isList = (isList && !isEmpty) || ITEM.test(line);
      isEmpty = false;
      isBlank = false;
      fence = opened(line);
    }
    at = next;
  }
  if (start < text.length) blocks.push(text.slice(start));
  return blocks;
}

/** Whether the source of a block of code has its end. */
export function isWhole(code: string): boolean {
  const lines = code.trimEnd().split("\n");
  const fence = opened(lines[0] ?? "");
  const last = (lines.at(-1) ?? "").replace(/^[ \t>]+/, "");
  return fence === null || (lines.length > 1 && closes(last, fence));
}

/** The marker of the fence that a line opens. */
function opened(line: string): string | null {
  const [, marker, info] = FENCE.exec(line) ?? [];
  if (marker === undefined) return null;
  // Backticks after it make it code inside a line.
  return marker.startsWith("`") && info?.includes("`") ? null : marker;
}

function closes(line: string, fence: string): boolean {
  const marker = line.trim();
  return marker.length >= fence.length && marker === fence.charAt(0).repeat(marker.length);
}
