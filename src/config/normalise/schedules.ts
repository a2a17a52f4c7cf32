import { cronProblem } from '../../model/schedule/cron';
import type { Recurring, ScheduleSpec } from '../../model/schedule';
import type { ScheduleInput } from '../schema/schedule';
import type { StackFile } from '../schema/stack-file';
import { toMs } from '../schema/values';
import { toTimeZone } from './time-zone';
import { type Attempt, Malformed } from './words';

/** Schedules of the stack file and of its jobs. The schedule of a job has the name of the job. */
export function toSchedules(file: StackFile, attempt: Attempt): ScheduleSpec[] {
  const own = Object.entries(file.schedules ?? {}).map(([name, input]) => ({ name, path: ['schedules', name], input }));
  const ofJobs = Object.entries(file.services).flatMap(([name, { schedule }]) => {
    if (schedule === undefined) return [];
    return [
      {
        name,
        path: ['services', name, 'schedule'],
        input: { ...(typeof schedule === 'string' ? { cron: schedule } : schedule), job: name },
      },
    ];
  });
  return [...own, ...ofJobs].flatMap(({ name, path, input }, index) =>
    attempt(path, () => {
      if (own.some((other, at) => other.name === name && at !== index))
        throw new Malformed(`has the same name as schedules.${name}; rename that schedule`);
      return [toSchedule(name, input, file, (parse, fallback) => attempt(path, parse, fallback))];
    }, []),
  );
}

/** Reports each part that is wrong by itself. */
type AttemptPart = <T>(parse: () => T, fallback: T) => T;

function toSchedule(name: string, input: ScheduleInput, file: StackFile, attempt: AttemptPart): ScheduleSpec {
  const cron = [input.cron ?? []].flat();
  for (const expression of cron) attempt(() => requireCron(expression), undefined);
  if (cron.length === 0 && input.every === undefined) throw new Malformed('has no time; set cron or every');
  const timeZone = attempt(() => toTimeZone(input.time_zone), 'UTC');
  const what = attempt(() => toRecurring(input, file), { kind: 'deploy' });
  const everyMs = input.every === undefined ? undefined : toMs(input.every);
  if (everyMs !== undefined && everyMs < 1000)
    throw new Malformed('runs more than once a second; use a longer interval');
  return {
    name,
    cron,
    timeZone,
    ...(everyMs !== undefined && { everyMs }),
    jitterMs: toMs(input.jitter ?? 0),
    overlap: input.overlap ?? 'skip',
    catchupMs: toMs(input.catchup_window ?? '1h'),
    what,
  };
}

function requireCron(expression: string): void {
  const problem = cronProblem(expression);
  if (problem !== undefined) throw new Malformed(`has the cron expression "${expression}": ${problem}`);
}

function toRecurring({ services, job }: ScheduleInput, file: StackFile): Recurring {
  if (services?.length === 0) throw new Malformed('names no service; remove services to redeploy the whole stack');
  if (services && job !== undefined) throw new Malformed('names services and a job; write two schedules');
  const missing = [...(services ?? []), ...(job === undefined ? [] : [job])].find((name) => !file.services[name]);
  if (missing !== undefined)
    throw new Malformed(
      `names ${missing}, but there is no such service; choose from ${Object.keys(file.services).join(', ')}`,
    );
  const jobName = services?.find((name) => file.services[name]!.kind === 'job');
  if (jobName !== undefined) throw new Malformed(`names ${jobName}, which is a job; write job: ${jobName} to run it`);
  if (job !== undefined && file.services[job]!.kind !== 'job')
    throw new Malformed(`names ${job}, which is a service; write services: [${job}] to restart it`);
  return job === undefined ? (services ? { kind: 'restart', services } : { kind: 'deploy' }) : { kind: 'run', job };
}
