import { type Command, InvalidArgumentError, Option } from 'commander';
import { cronProblem } from '../../model/schedule/cron';
import type { Overlap, Recurring, ScheduleSpec } from '../../model/schedule';
import { BadRequest } from '../../temporal/errors';
import { placeOf } from '../../client/place';
import { unreadableText } from '../../client/schedules';
import type { DeployCodeClient } from '../../client/connect';
import type { Stack } from '../../config';
import type { Place } from '../../workflows/messages';
import {
  list,
  loadPlace,
  milliseconds,
  reason,
  withConnection,
  withStack,
  type ConnectionOptions,
  type StackOptions,
} from '../options';
import { runRows, scheduleRows, timesText, whatText } from '../output/schedule-text';
import { zoned } from '../output/words';
import { placeArguments, serviceOf, withClient } from './session';
import { print, printJson, say, table } from '../output/terminal';

interface ScheduleOptions extends StackOptions, ConnectionOptions {
  cron?: string[];
  every?: number;
  timeZone: string;
  jitter: number;
  overlap: Overlap;
  catchUp: number;
  services?: string[];
  job?: string;
  reason?: string;
  from: Date;
  to: Date;
  json?: boolean;
}

const date = (text: string): Date => {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) throw new InvalidArgumentError('write a time such as 2026-12-24T18:00.');
  return moment;
};
const cronExpressions = (text: string, all: string[] = []): string[] => {
  const problem = cronProblem(text);
  if (problem !== undefined) throw new InvalidArgumentError(problem);
  return [...all, text];
};

/** Adds the commands for schedules: recurring deployments, restarts and jobs. */
export function addSchedules(program: Command): void {
  const schedule = program.command('schedule').description('recurring deployments, restarts and jobs');
  const command = (name: string, description: string) =>
    withConnection(withStack(schedule.command(name).description(description)));
  const about = (name: string, description: string) =>
    command(name, description).argument('<name>', 'name of the schedule');

  about('create', 'create a schedule for the whole stack with fresh images, for services, or for a job')
    .option('--cron <expression>', 'five fields or a word such as @daily; repeatable', cronExpressions)
    .option('--every <duration>', 'interval, instead of --cron or in addition to it', milliseconds)
    .option('--time-zone <zone>', 'time zone of --cron', 'UTC')
    .option('--jitter <duration>', 'maximum delay added to each run', milliseconds, 0)
    .addOption(
      new Option('--overlap <policy>', 'action if the previous request is still open')
        .choices(['skip', 'buffer_one', 'cancel_other'])
        .default('skip'),
    )
    .addOption(
      new Option('--catch-up <duration>', 'maximum age of runs that are made up for after a server outage')
        .argParser(milliseconds)
        .default(3_600_000, '1h'),
    )
    .option('--services <names>', 'restart these services with fresh images', list)
    .addOption(new Option('--job <name>', 'run this job').conflicts('services'))
    .action((name: string, options: ScheduleOptions) => on(options, create(name, options)));

  command('list', 'list the schedules of the environment')
    .option('--json', 'print one JSON document')
    .action((options: ScheduleOptions) => on(options, showAll(options)));
  about('describe', 'show the next times of a schedule, and its last results')
    .option('--json', 'print one JSON document')
    .action((name: string, options: ScheduleOptions) => on(options, describe(name, options)));
  about('pause', 'pause a schedule until `resume`')
    .option('--reason <text>', 'reason, shown to others', reason)
    .action((name: string, options: ScheduleOptions) => on(options, pause(name, options)));
  about('resume', 'resume a paused schedule').action((name: string, options: ScheduleOptions) =>
    on(options, (schedules, place) => schedules.resume(place, name), `${name} is resumed`),
  );
  about('trigger', 'run a schedule now, in addition to its times').action((name: string, options: ScheduleOptions) =>
    on(
      options,
      (schedules, place) => schedules.trigger(place, name),
      `${name} was triggered; \`deploy-code schedule describe ${name}${placeArguments(options)}\` shows the result`,
    ),
  );
  about('delete', 'delete a schedule; deployments that it has started continue').action(
    (name: string, options: ScheduleOptions) =>
      on(options, (schedules, place) => schedules.delete(place, name), `${name} is deleted`),
  );
  about('backfill', 'run a schedule for each of its times in a past period, one after the other')
    .requiredOption('--from <time>', 'start of the period', date)
    .requiredOption('--to <time>', 'end of the period', date)
    .action((name: string, options: ScheduleOptions) => on(options, backfill(name, options)));
}

type Work = (schedules: DeployCodeClient['schedules'], place: Place) => Promise<void>;

async function on(options: ScheduleOptions, work: Work, message?: string): Promise<void> {
  await withClient(options, (client) => work(client.schedules, placeOf(loadPlace(options).stack)));
  if (message !== undefined) say(message);
}

function create(name: string, options: ScheduleOptions): Work {
  requireServices(loadPlace(options).stack, options);
  return async (schedules, place) => {
    const { cron = [], every, timeZone, jitter, overlap, catchUp } = options;
    if (cron.length === 0 && every === undefined) throw new BadRequest('a schedule needs --cron or --every');
    const spec: ScheduleSpec = {
      name,
      cron,
      ...(every !== undefined && { everyMs: every }),
      timeZone,
      jitterMs: jitter,
      overlap,
      catchupMs: catchUp,
      what: toRecurring(options),
    };
    await schedules.create(place, spec);
    say(`${name}: ${whatText(spec.what)}, ${timesText(spec)}`);
  };
}

/** @throws BadRequest if the stack file does not have the job or the services of a schedule */
export function requireServices(stack: Stack, { services = [], job }: Pick<ScheduleOptions, 'services' | 'job'>): void {
  for (const name of services) serviceOf(stack, name);
  if (job !== undefined && serviceOf(stack, job).kind !== 'job')
    throw new BadRequest(`${job} is a service, and only jobs can be run; to restart it, use --services ${job}`);
}

function toRecurring({ services, job }: ScheduleOptions): Recurring {
  if (job !== undefined) return { kind: 'run', job };
  return services ? { kind: 'restart', services } : { kind: 'deploy' };
}

function showAll({ json }: ScheduleOptions): Work {
  return async (schedules, place) => {
    const { schedules: all, unreadable } = await schedules.list(place);
    if (json) printJson(all);
    else if (all.length > 0) print(table([['NAME', 'WHAT', 'WHEN', 'STATE', 'NEXT', 'FROM'], ...scheduleRows(all)]));
    else if (unreadable.length === 0) say('no schedules');
    for (const name of unreadable) say(unreadableText(name));
  };
}

function describe(name: string, { json }: ScheduleOptions): Work {
  return async (schedules, place) => {
    const view = await schedules.describe(place, name);
    if (json) return printJson(view);
    print([
      `${name}: ${whatText(view.spec.what)}, ${timesText(view.spec)}`,
      ...(view.paused
        ? [`paused${view.note ? `: ${view.note}` : ''}`]
        : view.next.slice(0, 3).map((next) => `next  ${zoned(next)}`)),
    ]);
    if (view.runs.length > 0) print(table([['WHEN', 'OUTCOME', 'DEPLOYMENT', 'WHY'], ...runRows(view.runs)]));
  };
}

function pause(name: string, { reason }: ScheduleOptions): Work {
  return async (schedules, place) => {
    await schedules.pause(place, name, reason);
    say(`${name} is paused`);
  };
}

function backfill(name: string, { from, to }: ScheduleOptions): Work {
  return async (schedules, place) => {
    if (from >= to) throw new BadRequest('--from must be before --to');
    await schedules.backfill(place, name, from, to);
    say(`${name} runs for each of its times between ${zoned(from)} and ${zoned(to)}`);
  };
}
