import { holdsFor } from '../support/holds-for';
import { sleepLong } from '../../src/guard/timers';
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
