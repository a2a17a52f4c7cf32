import { isData } from './overlay';

export type Path = (string | number)[];

/** A copy of the data without the values at the given paths. */
export function prune(data: unknown, paths: readonly Path[]): unknown {
  const here = new Set<string>();
  const below = new Map<string, Path[]>();
  for (const [key, ...rest] of paths) {
    if (key === undefined) continue;
    if (rest.length === 0) here.add(String(key));
    else below.set(String(key), [...(below.get(String(key)) ?? []), rest]);
  }
  const keep = ([key]: [string | number, unknown]) => !here.has(String(key));
  const deeper = ([key, value]: [string | number, unknown]) =>
    [key, below.has(String(key)) ? prune(value, below.get(String(key))!) : value] as const;
  if (Array.isArray(data)) return [...data.entries()].filter(keep).map((entry) => deeper(entry)[1]);
  return isData(data) ? Object.fromEntries(Object.entries(data).filter(keep).map(deeper)) : data;
}

/** A path in pruned data as it was before: items of lists have moved up. */
export function beforePruning(path: Path, pruned: readonly Path[]): Path {
  const before: Path = [];
  for (const key of path) {
    const removed = pruned
      .filter((each) => each.length === before.length + 1 && before.every((part, depth) => part === each[depth]))
      .map((each) => each.at(-1)!)
      .filter((index) => typeof index === 'number');
    const sorted = [...new Set(removed)].sort((a, b) => a - b);
    before.push(typeof key === 'number' ? sorted.reduce((at, index) => (index <= at ? at + 1 : at), key) : key);
  }
  return before;
}

/** True if the data has a value at the path. */
export function isThere(data: unknown, path: Path): boolean {
  let value = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
    value = (value as Record<string | number, unknown>)[key];
  }
  return true;
}

/** A copy of the data with another value at a path; keys on the way are those of maps. */
export function replaced(data: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  return isData(data) ? { ...data, [key]: replaced(data[key], rest, value) } : data;
}
