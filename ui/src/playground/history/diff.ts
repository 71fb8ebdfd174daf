/** A stretch of text that both sides have, or one of them. */
export interface TextPart {
  side: "both" | "before" | "after";
  text: string;
}

export type Change = "same" | "added" | "removed" | "changed";

/** What became of the value at one path. */
export interface ValueChange {
  path: string;
  change: Change;
  before?: unknown;
  after?: unknown;
}

/** Above this many comparisons words give way to lines, and lines to the whole. */
const MOST_COMPARISONS = 4_000_000;
const DEEPEST = 12;

/** Say what two texts have in common: by words, or where they are long by lines. */
export function diffText(before: string, after: string): TextPart[] {
  if (before === after) return before === "" ? [] : [{ side: "both", text: before }];
  for (const split of [words, lines]) {
    const parts = diffTokens(split(before), split(after));
    if (parts !== null) return parts;
  }
  return merged([
    { side: "before", text: before },
    { side: "after", text: after },
  ]);
}

/** Say what became of each part of a value; equal parts are one entry, as high up as possible. */
export function diffValues(before: unknown, after: unknown): ValueChange[] {
  return compare(before, after, "", 0);
}

/** Whether two JSON values are the same, whatever the order of keys. */
export function sameValue(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  const [a, b] = [parts(one), parts(other)];
  if (a === null || b === null || Array.isArray(one) !== Array.isArray(other)) return false;
  if (a.size !== b.size) return false;
  return [...a].every(([key, value]) => b.has(key) && sameValue(value, b.get(key)));
}

function compare(before: unknown, after: unknown, path: string, depth: number): ValueChange[] {
  if (sameValue(before, after)) return [{ path, change: "same", before, after }];
  const [a, b] = [parts(before), parts(after)];
  const alike = a !== null && b !== null && Array.isArray(before) === Array.isArray(after);
  if (!alike || depth >= DEEPEST) return [{ path, change: "changed", before, after }];
  const list = Array.isArray(before);
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((key): ValueChange[] => {
    const inner = list ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    if (!b.has(key)) return [{ path: inner, change: "removed", before: a.get(key) }];
    if (!a.has(key)) return [{ path: inner, change: "added", after: b.get(key) }];
    return compare(a.get(key), b.get(key), inner, depth + 1);
  });
}

function parts(value: unknown): Map<string, unknown> | null {
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : null;
}

function words(text: string): string[] {
  return text.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [];
}

function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** The longest common subsequence; null if finding it would take too long. */
function diffTokens(before: string[], after: string[]): TextPart[] | null {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before.at(-1 - end) === after.at(-1 - end)
  ) {
    end++;
  }
  const a = before.slice(start, before.length - end);
  const b = after.slice(start, after.length - end);
  if (a.length * b.length > MOST_COMPARISONS) return null;
  return merged([
    { side: "both", text: before.slice(0, start).join("") },
    ...common(a, b),
    { side: "both", text: before.slice(before.length - end).join("") },
  ]);
}

function common(a: string[], b: string[]): TextPart[] {
  const width = b.length + 1;
  // lengths[i * width + j] is how much a from i and b from j have in common.
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: TextPart[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [mine, theirs] = [a[i], b[j]];
    if (mine !== undefined && mine === theirs) {
      found.push({ side: "both", text: mine });
      i++;
      j++;
    } else if (mine !== undefined && (theirs === undefined || at(i + 1, j) >= at(i, j + 1))) {
      found.push({ side: "before", text: mine });
      i++;
    } else {
      found.push({ side: "after", text: theirs ?? "" });
      j++;
    }
  }
  return found;
}

function merged(found: readonly TextPart[]): TextPart[] {
  const result: TextPart[] = [];
  for (const part of found) {
    if (part.text === "") continue;
    const last = result.at(-1);
    if (last?.side === part.side) last.text += part.text;
    else result.push({ ...part });
  }
  return result;
}
