import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { DeployCodeClient } from '../../../client/client';
import { placeOf } from '../../../client/place';
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
import { paint, print, printJson, printRawLines, say } from '../../output/terminal';
import { serviceOf, withClient } from '../session';

const followMs = 1000;

interface LogOptions extends StackOptions, ConnectionOptions {
  json?: boolean;
  raw?: boolean;
  follow?: boolean;
  tail: number;
}

/** Adds `logs`. */
export function addLogs(program: Command): void {
  withConnection(
    withStack(
      program
        .command('logs')
        .description('show the last log lines of instances; with a number, the evidence of that deployment'),
    ),
  )
    .argument('[deployment-or-service...]', '`3 api`: evidence of deployment 3 for api; `api web`: their current logs')
    .option('-f, --follow', 'keep printing new lines')
    .option('--tail <n>', 'number of lines per instance', positive, 50)
    .option('--raw', 'pass escape sequences on to the terminal; by default they are shown escaped')
    .option('--json', 'print one JSON object per line')
    .action(showLogs);
}

async function showLogs(words: string[], options: LogOptions): Promise<void> {
  const { stack } = loadPlace(options);
  const [first, ...services] = words;
  await withClient(options, async (client) => {
    if (first && /^\d+$/.test(first))
      return (options.raw ? printRawLines : print)(await evidence(client, Number(first), services, options));
    for (const name of words) serviceOf(stack, name);
    const cursors: Record<string, string> = {};
    let reported = new Set<string>();
    do {
      const { found, away } = await client.logs(stack, words, options.tail, cursors);
      sayAway(away.filter(({ host }) => !reported.has(host)));
      reported = new Set(away.map(({ host }) => host));
      for (const { name, lines, cursor, unreadable } of found) {
        if (unreadable !== undefined && !(name in cursors)) sayUnreadable(name, unreadable, options);
        cursors[name] = cursor;
        for (const line of lines) showLine(name, line, options);
      }
      if (options.follow) await sleep(followMs);
    } while (options.follow);
  });
}

/** Reported once for an instance, also while the logs of others are followed. */
function sayUnreadable(instance: string, unreadable: string, { json }: LogOptions): void {
  if (json) printJson({ instance, unreadable });
  else say(`${paint.cyan(instance)} | ${paint.yellow(`(its logs cannot be read here: ${unreadable})`)}`);
}

function showLine(instance: string, line: string, { json, raw }: LogOptions): void {
  if (json) printJson({ instance, line });
  else if (raw) printRawLines([`${instance} | ${line}`]);
  else say(`${paint.cyan(instance)} | ${line}`);
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
        `\`${['deploy-code logs', ...services].join(' ')}\` shows the current logs`,
    );
  return causes.flatMap((each) => [options.raw ? each!.message : paint.bold(each!.message), ...each!.evidence!.logs]);
}
