/** Levels of nesting that are masked; the engine's data is not deeper. */
const deepest = 20;

type Mask = (text: string) => string;

/** Keys that identify an error; never free text. */
const kinds = new Set(['name', 'type', 'code', 'category', 'kind']);
/** Keys of free text written by people or other programs. All other keys hold names, which must stay usable. */
const free = new Set([
  'text',
  'message',
  'why',
  'reason',
  'result',
  'error',
  'logs',
  'events',
  'lastProbeError',
  'output',
  'drift',
]);

/** Data with every text masked; keys and other values are unchanged. Errors are masked in place. */
export function maskDeep<T>(value: T, mask: Mask, depth = 0): T {
  if (typeof value === 'string') return mask(value) as T;
  if (typeof value !== 'object' || value === null || depth > deepest) return value;
  if (value instanceof Error) return maskError(value, mask, depth) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => maskDeep(item, mask, depth + 1)) as T;
  const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null);
  return isPlain
    ? (Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, maskDeep(item as unknown, mask, depth + 1)]),
      ) as T)
    : value;
}

/** Data with its free texts masked and its names unchanged. */
export function maskFreeTexts<T>(value: T, mask: Mask, depth = 0): T {
  if (typeof value !== 'object' || value === null || depth > deepest) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => maskFreeTexts(item, mask, depth + 1)) as T;
  const entries = Object.entries(value).map(([key, item]: [string, unknown]) => [
    key,
    (free.has(key) ? maskDeep : maskFreeTexts)(item, mask, depth + 1),
  ]);
  return Object.fromEntries(entries) as T;
}

/** Masks an error in place, which keeps its type: message, stack, details, cause and added properties. */
function maskError(error: Error, mask: Mask, depth: number): Error {
  for (const key of Object.getOwnPropertyNames(error)) {
    const property = Object.getOwnPropertyDescriptor(error, key)!;
    if (kinds.has(key) || (!('value' in property) && key !== 'stack')) continue;
    const found = (error as unknown as Record<string, unknown>)[key];
    const masked = maskDeep(found, mask, depth + 1);
    if (masked !== found)
      Object.defineProperty(error, key, {
        value: masked,
        writable: true,
        configurable: true,
        enumerable: property.enumerable,
      });
  }
  return error;
}
