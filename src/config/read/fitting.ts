import type { z } from 'zod';
import type { Finding } from '../problems';
import { required, schemaFindings } from '../schema/problems';
import { beforePruning, isThere, prune, replaced, type Path } from './prune';

/** The part of some data that fits a schema. */
export interface Fitting<T> {
  /** Undefined if too little fits. */
  data: T | undefined;
  /** What is left out, by its path in the data as written. */
  findings: Finding[];
  /** The path in the data as written of a path in the fitting part. */
  asWritten: (path: Path) => Path;
}

/** What is left out may make what holds it unfit. */
const mostRounds = 5;

/**
 * Leaves out what does not fit a schema, so that the rest can be checked too.
 * @param standIn what to put in the place of a part that others may refer to; undefined to leave it out
 */
export function fitting<T>(
  schema: z.ZodType<T>,
  written: unknown,
  standIn: (path: Path) => unknown = () => undefined,
): Fitting<T> {
  const found = new Map<string, Finding>();
  const rounds: Path[][] = [];
  const asWritten = (path: Path) => rounds.reduceRight(beforePruning, path);
  for (let data = written; rounds.length <= mostRounds;) {
    const parsed = schema.safeParse(data, { reportInput: true });
    if (parsed.success) return { data: parsed.data, findings: [...found.values()], asWritten };
    const unfit: Path[] = [];
    for (const { path, message, ...more } of schemaFindings(schema, parsed.error.issues)) {
      const place = asWritten(path);
      const key = JSON.stringify(place);
      const text = isThere(data, path) || message === required ? message : `${required} and ${message}`;
      const instead = found.has(key) ? undefined : standIn(path);
      if (!found.has(key)) found.set(key, { path: place, message: text, ...more });
      if (instead !== undefined) data = replaced(data, path, instead);
      else unfit.push(isThere(data, path) ? path : path.slice(0, -1));
    }
    if (unfit.some((path) => path.length === 0)) break;
    rounds.push(unfit);
    data = prune(data, unfit);
  }
  return { data: undefined, findings: [...found.values()], asWritten };
}
