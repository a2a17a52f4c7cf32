import { isData } from './overlay';

type Path = (string | number)[];

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
