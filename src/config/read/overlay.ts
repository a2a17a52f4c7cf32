type Data = Record<string, unknown>;

/**
 * Merges an overlay into a base: maps are merged unless they are in `overriding`, other values replace, null removes.
 */
export function overlay(base: unknown, over: unknown, overriding: WeakSet<object> = new WeakSet()): unknown {
  if (!isData(base) || !isData(over) || overriding.has(over)) return over;
  const merged: Data = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === null) delete merged[key];
    else merged[key] = key in base ? overlay(base[key], value, overriding) : value;
  }
  return merged;
}

export function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
