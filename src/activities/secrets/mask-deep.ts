/** Levels of data that are searched; nothing of ours is deeper. */
const deepest = 20;

type Mask = (text: string) => string;

/** By these an error is known: they are never texts of others. */
const kinds = new Set(['name', 'type', 'code', 'category', 'kind']);
/** Keys of what people or programs outside wrote; beside them stand names, by which one finds things again. */
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

/** Data with every text masked; keys and other values stay as they are. Errors are masked where they stand. */
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

/** Data with its free texts masked, and its names left as they are. */
export function maskFreeTexts<T>(value: T, mask: Mask, depth = 0): T {
  if (typeof value !== 'object' || value === null || depth > deepest) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => maskFreeTexts(item, mask, depth + 1)) as T;
  const entries = Object.entries(value).map(([key, item]: [string, unknown]) => [
    key,
    (free.has(key) ? maskDeep : maskFreeTexts)(item, mask, depth + 1),
  ]);
  return Object.fromEntries(entries) as T;
}

/**
 * The very error, so that its type stays, with everything masked that it says: message, stack, details, cause and what
 * its thrower has added.
 */
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
