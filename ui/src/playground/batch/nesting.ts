type Plain = Record<string, unknown>;

/**
 * Put a value at a path into nested objects and lists; numbers in the path stand for places in a
 * list. Null if something else is already there. Names such as `__proto__` are names like others.
 */
export function placeValue(
  root: unknown,
  path: readonly string[],
  value: unknown,
): { value: unknown } | null {
  const [key, ...rest] = path;
  if (key === undefined) return root === undefined ? { value } : null;
  const holder = root ?? (isPlace(key) ? [] : {});
  if (Array.isArray(holder)) {
    if (!isPlace(key) || Number(key) > holder.length) return null;
    const placed = placeValue(holder[Number(key)], rest, value);
    return placed === null ? null : { value: holder.toSpliced(Number(key), 1, placed.value) };
  }
  if (typeof holder !== "object") return null;
  const inner = Object.hasOwn(holder, key) ? (holder as Plain)[key] : undefined;
  const placed = placeValue(inner, rest, value);
  if (placed === null) return null;
  const kept = Object.entries(holder).filter(([name]) => name !== key);
  // From entries, since assigning to a key such as __proto__ would do something else.
  return { value: Object.fromEntries([...kept, [key, placed.value]]) };
}

function isPlace(key: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(key);
}
