import { locale, t } from './index';

/** Times and durations, as people read them. */

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** `3 hours ago`. */
export function ago(at: number, now: number): string {
  const past = now - at;
  const [unit, size] = units.find(([, ms]) => Math.abs(past) >= ms) ?? [];
  if (unit === undefined) return t('time.now');
  return formatter(Intl.RelativeTimeFormat, { numeric: 'auto', style: 'short' }).format(
    -Math.round(past / size!),
    unit,
  );
}

/** `18:00`, with the date if that is another day. */
export function moment(at: number, now: number): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  return formatter(Intl.DateTimeFormat, {
    hour: '2-digit',
    minute: '2-digit',
    ...(!isToday && { day: 'numeric', month: 'short', ...(isOtherYear(at, now) && { year: 'numeric' }) }),
  }).format(at);
}

/** With seconds and the zone: for a title, and where the second matters. */
export function exact(at: number): string {
  return formatter(Intl.DateTimeFormat, { dateStyle: 'medium', timeStyle: 'long' }).format(at);
}

/** `18:00:05`. */
export function clock(at: number): string {
  return formatter(Intl.DateTimeFormat, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at);
}

/** `1.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) {
    const digits = seconds < 10 ? 1 : 0;
    return `${seconds.toLocaleString(locale.value, { maximumFractionDigits: digits })} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function isOtherYear(at: number, now: number): boolean {
  return new Date(at).getFullYear() !== new Date(now).getFullYear();
}

const made = new Map<string, unknown>();

/** A formatter is expensive to make, and thousands of tiles need one. */
function formatter<T, O>(kind: new (locale: string, options: O) => T, options: O): T {
  const key = `${kind.name} ${locale.value} ${JSON.stringify(options)}`;
  const known = (made.get(key) as T | undefined) ?? new kind(locale.value, options);
  made.set(key, known);
  return known;
}
