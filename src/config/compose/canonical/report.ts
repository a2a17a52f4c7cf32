import { Malformed } from '../../normalise/words';

/** Takes a problem, or what Compose does unexpectedly, at a path below the key that is read. */
export type Report = (path: (string | number)[], message: string, kind?: 'problem' | 'warning') => void;

/** Parses a part; reports it, and returns undefined, if it is {@link Malformed}. */
export function attempt<T>(report: Report, path: (string | number)[], parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    report(path, error.message);
    return undefined;
  }
}
