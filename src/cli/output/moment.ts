import { durationMs } from '../../config/schema/values';

/** A time to come: a date and time (of this machine where it names no zone), or a duration from now; else nothing. */
export function momentOf(text: string, now: Date): Date | undefined {
  const ms = durationMs(text);
  const date = ms === undefined ? new Date(text) : new Date(now.getTime() + ms);
  return date > now ? date : undefined;
}
