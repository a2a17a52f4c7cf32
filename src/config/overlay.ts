type Data = Record<string, unknown>;

/** Lays an overlay over a base: maps merge, everything else replaces, `null` removes. */
export function overlay(base: unknown, over: unknown): unknown {
  if (!isData(base) || !isData(over)) return over;
  const merged: Data = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === null) delete merged[key];
    else merged[key] = key in base ? overlay(base[key], value) : value;
  }
  return merged;
}

export function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
