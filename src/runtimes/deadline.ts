import { forTimer } from '../guard/timers';

/** No limit, for calls that wait for something. */
export const forever = Infinity;

/** The result of the work; rejects with the error from `late` if it takes longer than the limit, in ms. */
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
