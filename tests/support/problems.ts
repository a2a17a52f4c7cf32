import { StackFileError, type Problem } from '../../src/config';

/** The problems that stop a file from being loaded; none if it can be. */
export function problemsIn(load: () => unknown): readonly Problem[] {
  try {
    load();
    return [];
  } catch (error) {
    if (error instanceof StackFileError) return error.problems;
    throw error;
  }
}
