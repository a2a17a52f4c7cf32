import type { Progress } from '../../workflows/messages';

/** Formats durations, times and lists for people. */

export function seconds(ms: number): string {
  if (ms < 1000) return `${Math.max(0.1, Math.round(ms / 100) / 10)}s`;
  if (ms < 60_000) return `${Math.round(ms / 100) / 10}s`;
  return `${Math.floor(ms / 60_000)}m${Math.round((ms % 60_000) / 1000)}s`;
}

/** An interval that somebody chose, in the units that they wrote it with: `1h`, `1h30m`, `500ms`. */
export function interval(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
    ['ms', 1],
  ] as const;
  let left = ms;
  const parts = units.map(([unit, size]) => {
    const amount = Math.floor(left / size);
    left -= amount * size;
    return amount > 0 ? `${amount}${unit}` : '';
  });
  return parts.join('') || '0s';
}

export function ago(date: Date): string {
  const minutes = Math.floor((Date.now() - date.getTime()) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h ago` : `${Math.floor(minutes / 1440)} days ago`;
}

/** `2026-12-24 18:00` in local time. */
export function moment(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}`
  );
}

/** `2026-11-22 02:30 UTC`: local time with its zone, for output that also shows other zones. */
export function zoned(date: Date): string {
  const zone = new Intl.DateTimeFormat('en', { timeZoneName: 'short' })
    .formatToParts(date)
    .find(({ type }) => type === 'timeZoneName');
  return `${moment(date)} ${zone?.value ?? ''}`;
}

/** `18:00:05` in local time. */
export function clock(date: Date): string {
  return date.toLocaleTimeString('sv');
}

export { counted } from '../../model/text';

/** A text of at most `longest` characters that keeps its beginning and its end. */
export function cutMiddle(text: string, longest: number): string {
  const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  if (characters.length <= longest) return text;
  const end = Math.floor((longest - 1) / 2);
  return `${characters.slice(0, longest - 1 - end).join('')}…${characters.slice(characters.length - end).join('')}`;
}

/** `a, b and 3 more`. */
export function shorten(names: readonly string[], most: number): string {
  return names.length > most ? `${names.slice(0, most).join(', ')} and ${names.length - most} more` : names.join(', ');
}

/** The reason why a queued deployment waits; undefined once it has started. */
export function waitText({
  status,
  deployment,
  behind,
  held,
}: Pick<Progress, 'status' | 'deployment' | 'behind' | 'held'>): string | undefined {
  if (status !== 'queued' || deployment !== undefined) return undefined;
  return [
    behind === undefined ? 'queued' : `queued behind deployment ${behind}`,
    ...(held === undefined ? [] : [held]),
  ].join('; ');
}
