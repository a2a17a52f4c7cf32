import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { DeployCodeClient } from '../../../client/connect';
import { placeOf } from '../../../client/place';
import type { Stack } from '../../../config';
import { runtimeTraits } from '../../../model/runtimes';
import { BadRequest } from '../../../temporal/errors';
import {
  loadPlace,
  positive,
  withConnection,
  withStack,
  type ConnectionOptions,
  type StackOptions,
} from '../../options';
import { sayAway } from '../../output/hosts-away';
import { pastOf } from '../../output/moment';
import { paint, print, printRawLines } from '../../output/terminal';
import { placeArguments, withClient } from '../session';
import { LogPrinter } from './log-printer';
import { LogSelection } from './log-selection';

type LogTimes = NonNullable<Parameters<DeployCodeClient['logs']>[4]>;

const followMs = 1000;
/** Lines of an instance without a time range. */
const usualTail = 50;
/** Lines of an instance that the engine reads at once. */
const mostLines = 10_000;

const tail = (text: string): number => (text === 'all' ? mostLines : positive(text));

const past = (text: string): Date => {
  const found = pastOf(text, new Date());
  if (found) return found;
  throw new InvalidArgumentError(
    'write a time such as 2026-12-24T18:00, or a duration such as 10m or 2h for that long ago.',
  );
};

interface LogOptions extends StackOptions, ConnectionOptions {
  json?: boolean;
  raw?: boolean;
  follow?: boolean;
  tail?: number;
  since?: Date;
  until?: Date;
  timestamps?: boolean;
}

/** Adds `logs`. */
export function addLogs(program: Command): void {
  withConnection(
    withStack(
      program
        .command('logs')
        .description('show the last log lines of instances; with a number, the evidence of that deployment'),
      '--file <file>',
    ),
  )
    .argument(
      '[deployment-or-service...]',
      '`3 api`: evidence of deployment 3 for api; `api web-2`: their current logs',
    )
    .option('-f, --follow', 'keep printing new lines')
    .option('-n, --tail <n>', 'number of lines per instance, or `all` (default: 50; with --since or --until all)', tail)
    .option('--since <time>', 'only lines from this time on: 2026-12-24T18:00, or 10m for the last 10 minutes', past)
    .option('--until <time>', 'only lines up to this time, written like --since; with -f, stop then', past)
    .option('-t, --timestamps', 'show the time of each line')
    .option('--raw', 'pass escape sequences on to the terminal; by default they are shown escaped')
    .option('--json', 'print one JSON object per line')
    .action(showLogs);
}

async function showLogs(words: string[], options: LogOptions): Promise<void> {
  const { stack } = loadPlace(options);
  const [first, ...services] = words;
  const isEvidence = first !== undefined && /^\d+$/.test(first);
  if (isEvidence) refuseForEvidence(options);
  const selection = isEvidence ? undefined : new LogSelection(stack, words);
  const times = timesOf(options);
  if (times && !isEvidence) requireLogTimes(stack);
  await withClient(options, async (client) => {
    if (selection) return followLogs(client, { stack, selection, times, options });
    (options.raw ? printRawLines : print)(await evidence(client, Number(first), services, options));
  });
}

interface LogRequest {
  stack: Stack;
  selection: LogSelection;
  times: LogTimes | undefined;
  options: LogOptions;
}

async function followLogs(client: DeployCodeClient, { stack, selection, times, options }: LogRequest): Promise<void> {
  const printer = new LogPrinter({ ...options, services: Object.keys(stack.services) });
  const cursors: Record<string, string> = {};
  const tail = options.tail ?? (times?.since === undefined && times?.until === undefined ? usualTail : mostLines);
  const isOver = () => times?.until !== undefined && Date.now() > times.until;
  for (let reported = new Set<string>(); ; await sleep(followMs)) {
    const isLast = !options.follow || isOver();
    const { found, away } = await client.logs(stack, selection.services, tail, cursors, times);
    sayAway(away.filter(({ host }) => !reported.has(host)));
    if (away.length === 0 && !options.follow) selection.requireAll(found);
    reported = new Set(away.map(({ host }) => host));
    for (const { name, cursor } of found) cursors[name] = cursor;
    printer.show(selection.of(found));
    if (isLast) return;
  }
}

function timesOf({ since, until, timestamps }: LogOptions): LogTimes | undefined {
  if (since === undefined && until === undefined && !timestamps) return undefined;
  if (since && until && since >= until)
    throw new BadRequest('--since must be before --until: `--since 10m --until 5m` are the lines of 5 minutes');
  return {
    ...(since !== undefined && { since: since.getTime() }),
    ...(until !== undefined && { until: until.getTime() }),
    ...(timestamps && { shown: true }),
  };
}

/** @throws BadRequest if the runtime keeps no times of log lines */
function requireLogTimes({ runtime }: Stack): void {
  const { logTimes, label } = runtimeTraits[runtime];
  if (!logTimes)
    throw new BadRequest(`the logs of ${label} have no times: leave --since, --until and --timestamps away`);
}

/** @throws BadRequest for options that only running instances have an answer to */
function refuseForEvidence({ since, until, timestamps, follow }: LogOptions): void {
  if (since ?? until ?? timestamps ?? follow)
    throw new BadRequest(
      'the evidence of a deployment is a few lines without times: ' +
        'leave --since, --until, --timestamps and --follow away',
    );
}

async function evidence(
  client: DeployCodeClient,
  number: number,
  services: string[],
  options: LogOptions,
): Promise<string[]> {
  const handle = await client.deployment(placeOf(loadPlace(options).stack), number);
  const { cause, tolerated } = await handle.result();
  const causes = [cause, ...tolerated].filter(
    (each) => each?.evidence && (services.length === 0 || services.includes(each.service ?? '')),
  );
  if (causes.length === 0)
    throw new BadRequest(
      `deployment ${number} kept no ` +
        `evidence${services.length > 0 ? ` for ${services.join(', ')}` : ''}; ` +
        `\`deploy-code status ${number}${placeArguments(options)}\` shows how it ended, ` +
        `and \`${['deploy-code logs', ...services].join(' ')}${placeArguments(options)}\` the current logs`,
    );
  return causes.flatMap((each) => [options.raw ? each!.message : paint.bold(each!.message), ...each!.evidence!.logs]);
}
