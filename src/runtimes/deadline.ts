import { forTimer } from '../guard/timers';

/** For work that lasts as long as what it is about. */
export const forever = Infinity;

/** The work's result, unless it takes longer than the limit (ms): then `late` gives the error. */
export async function withDeadline<T>(work: Promise<T>, limitMs: number, late: () => Error): Promise<T> {
  if (limitMs === forever) return work;
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), forTimer(limitMs));
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
