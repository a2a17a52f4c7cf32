/** Looked up once: access to globals is slow in the workflow sandbox, and this runs in loops over a whole stack. */
const { stringify } = JSON;
const { isArray } = Array;
const { keys: keysOf } = Object;

/** JSON with its keys in order, so that equal data has equal text. */
export function canonical(value: unknown): string {
  if (isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return stringify(value) ?? 'null';
  const data = value as Record<string, unknown>;
  const keys = keysOf(data).filter((key) => data[key] !== undefined);
  return `{${keys
    .sort()
    .map((key) => `${stringify(key)}:${canonical(data[key])}`)
    .join(',')}}`;
}
