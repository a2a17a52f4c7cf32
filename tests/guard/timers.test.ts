import { holdsFor } from '../support/holds-for';
import { abortable, sleepLong } from '../../src/guard/timers';
import { withinDeadline } from '../../src/guard/deadline';

const month = 30 * 86_400_000;

it.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
  ['a sleep', (signal) => sleepLong(month, signal)],
  ['a deadline of a call', (signal) => withinDeadline(month, () => new Promise(() => undefined), signal)],
])('%s of a month does not end at once, as a timer of Node would', async (_, begin) => {
  const stop = new AbortController();
  let ended = false;
  const sleeping = begin(stop.signal).then(
    () => void (ended = true),
    () => void (ended = true),
  );
  await holdsFor(50, () => !ended);
  stop.abort();
  await sleeping;
});

describe('work that can be aborted', () => {
  const stopped = new Error('stopped');

  it('settles as the work does, if that is first', async () => {
    const { signal } = new AbortController();
    await expect(abortable(Promise.resolve(7), signal)).resolves.toBe(7);
    await expect(abortable(Promise.reject(stopped), signal)).rejects.toBe(stopped);
  });

  it('rejects with the reason of the signal', async () => {
    const stop = new AbortController();
    const waiting = abortable(new Promise(() => undefined), stop.signal);
    stop.abort(stopped);
    await expect(waiting).rejects.toBe(stopped);
  });

  it('handles what fails after the signal', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    let fail!: (reason: Error) => void;
    const work = new Promise<never>((_, reject) => (fail = reject));
    await expect(abortable(work, AbortSignal.abort(stopped))).rejects.toBe(stopped);
    fail(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});
