import { duration, toMs } from '../../../config/schema/values';

/** A time to come: a date and time (of this machine where it names no zone), or a duration from now; else nothing. */
export function momentOf(text: string, now: Date): Date | undefined {
  const isDuration = duration.safeParse(text).success;
  const date = isDuration ? new Date(now.getTime() + toMs(text)) : new Date(text);
  return date > now ? date : undefined;
}
