import { durationMs } from '../../config/schema/values';

/** Parses a future time: a date and time (local unless it has a zone), or a duration from now. Else undefined. */
export function momentOf(text: string, now: Date): Date | undefined {
  const ms = durationMs(text);
  const date = ms === undefined ? new Date(text) : new Date(now.getTime() + ms);
  return date > now ? date : undefined;
}

/** Parses a time: a date and time (local unless it has a zone), or a duration before now. Else undefined. */
export function pastOf(text: string, now: Date): Date | undefined {
  const ms = durationMs(text);
  const date = ms === undefined ? new Date(text) : new Date(now.getTime() - ms);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
