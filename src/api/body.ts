import { sha256 } from '../guard/access/digest';

/** More levels than a stack has. Functions that call themselves for each level would run out of memory for theirs. */
const mostLevels = 64;

/** True if data from JSON has no more levels than a stack may have. */
export function isShallow(data: unknown): boolean {
  let level = [data];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > mostLevels) return false;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return true;
}

/** What `Idempotency-Key` may be. */
export const keyPattern = /^[\x21-\x7e]{1,200}$/;

/** A digest of data from JSON, the same in whatever order its keys are. */
export function digestOf(data: unknown): string {
  return sha256(JSON.stringify(data, inOrder));
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** The id of the request that a text stands for, the same for each repetition. The queue shows its beginning. */
export function requestIdOf(kind: 'key' | 'hook', text: string): string {
  const hash = sha256(text);
  return `${hash.slice(0, 8)}-${kind}-${hash.slice(8, 40)}`;
}
