import type { Recurring, ScheduleSpec } from '../../model/schedule';
import type { ScheduledRun, ScheduleView } from '../../client/schedules';
import { interval, zoned } from './words';

/** `restart api, web`. */
export function whatText(what: Recurring): string {
  if (what.kind === 'restart') return `restart ${what.services.join(', ')}`;
  return what.kind === 'run' ? `run ${what.job}` : 'deploy again';
}

/** `at 0 3 * * * Europe/Berlin, every 6h`. */
export function timesText({ cron, everyMs, timeZone, jitterMs }: ScheduleSpec): string {
  return [
    ...(cron.length > 0 ? [`at ${cron.join(' or ')} ${timeZone}`] : []),
    ...(everyMs === undefined ? [] : [`every ${interval(everyMs)}`]),
    ...(jitterMs > 0 ? [`up to ${interval(jitterMs)} later`] : []),
  ].join(', ');
}

export function scheduleRows(views: readonly ScheduleView[]): string[][] {
  return views.map(({ spec, source, paused, next }) => [
    spec.name,
    whatText(spec.what),
    timesText(spec),
    paused ? 'paused' : 'on',
    paused || !next[0] ? '-' : zoned(next[0]),
    source === 'file' ? 'stack file' : 'command',
  ]);
}

/** Rows of the runs, newest first. */
export function runRows(runs: readonly ScheduledRun[]): string[][] {
  return [...runs]
    .reverse()
    .map(({ at, end }) => [
      zoned(at),
      end?.outcome.replaceAll('_', ' ') ?? 'runs',
      String(end?.deployment ?? '-'),
      end?.message ?? '',
    ]);
}
