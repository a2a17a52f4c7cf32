import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { DeployCodeClient } from '../../client/client';
import { isOver } from '../../client/deployment-handle';
import { BadRequest } from '../../temporal/errors';
import { placeOf } from '../../client/place';
import type { DeploymentResult } from '../../workflows/messages';
import type { HistoryEntry } from '../../client/history';
import {
  loadPlace,
  milliseconds,
  positive,
  withConnection,
  withStack,
  type ConnectionOptions,
  type StackOptions,
} from '../options';
import { breakerText, frozenText } from '../output/control-text';
import { follow } from '../output/follow';
import { sayAway } from '../output/hosts-away';
import { waitingText } from '../output/question-text';
import { statusTable } from '../output/status-table';
import { watchText } from '../output/watch-text';
import { ago, seconds, shorten } from '../output/words';
import { placeArguments, serviceOf, withClient } from './session';
import { paint, print, printJson, printRaw, printRawLines, printText, say, table } from '../output/terminal';

const followMs = 1000;

interface ViewOptions extends StackOptions, ConnectionOptions {
  json?: boolean;
  watch?: boolean;
  raw?: boolean;
  giveUpAfter?: number;
  follow?: boolean;
  tail: number;
  limit: number;
}

/** Adds the commands that show deployments and instances, and `exec`. */
export function addViews(program: Command): void {
  withConnection(
    withStack(
      program
        .command('status')
        .description('show the running instances and their health; with a number, one deployment'),
    ),
  )
    .argument('[deployment]', 'deployment number', positive)
    .option('--watch', 'follow the deployment until it ends')
    .option(
      '--give-up-after <duration>',
      'with --watch: stop after this time without a worker or a Temporal server (exit 5)',
      milliseconds,
    )
    .option('--json', 'print one JSON document; with --watch events as JSON Lines')
    .action((deployment: number | undefined, options: ViewOptions) =>
      deployment === undefined ? showStatus(options) : showDeployment(deployment, options),
    );

  withConnection(
    withStack(program.command('history').description('list the deployments of the environment, newest first')),
  )
    .option('--limit <n>', 'number of deployments', positive, 20)
    .option('--json', 'print one JSON document')
    .action(showHistory);

  withConnection(
    withStack(
      program
        .command('logs')
        .description('show the last log lines of instances; with a number, the evidence of that deployment'),
      '--file <file>',
    ),
  )
    .argument('[deployment-or-service...]', '`3 api`: evidence of deployment 3 for api; `api web`: their current logs')
    .option('-f, --follow', 'keep printing new lines')
    .option('--tail <n>', 'number of lines per instance', positive, 50)
    .option('--raw', 'pass escape sequences on to the terminal; by default they are shown escaped')
    .option('--json', 'print one JSON object per line')
    .action(showLogs);

  withConnection(
    withStack(program.command('exec').description('run a command inside an instance, for example `exec api -- ls /`')),
  )
    .option('--raw', 'print the output unchanged; by default escape sequences are shown escaped')
    .argument('<instance>', '`api`, or `api-2` for another replica')
    .argument('<command...>', 'command and its arguments, after --')
    .action(runInside);
}

async function showStatus(options: ViewOptions): Promise<void> {
  const { stack } = loadPlace(options);
  await withClient(options, async (client) => {
    const [{ found: lines, away }, state] = await Promise.all([
      client.status(stack),
      client.environment(placeOf(stack)),
    ]);
    const release = state?.current?.release;
    const contents = release === undefined ? undefined : await client.release(placeOf(stack), release);
    sayAway(away);
    if (options.json)
      return printJson({
        stack: stack.name,
        environment: stack.environment,
        release,
        running: state?.running,
        queued: state?.queue.length ?? 0,
        freeze: state?.freeze,
        breaker: state?.breaker,
        watch: state?.watch,
        watchPause: state?.watchPause,
        instances: lines,
        ...(away.length > 0 && { hostsAway: away }),
      });
    const variables = Object.entries(contents?.stack.variables ?? {}).map(([name, value]) => `${name}=${value}`);
    const about = contents
      ? [`release ${release}`, ...variables, `by ${contents.requestedBy}`, ago(new Date(contents.at))]
      : ['nothing deployed'];
    say(`${paint.bold(`${stack.name}/${stack.environment}`)}  ${about.join('  ')}`);
    print(
      [
        ...frozenText(state?.freeze),
        ...(state?.breaker ? breakerText(state.breaker) : []),
        ...(state ? watchText(state) : []),
      ].map(paint.yellow),
    );
    if (state?.running)
      print((await runningText(client, state.running, state.queue.length, placeArguments(options))).map(paint.yellow));
    if (lines.length > 0) print(statusTable(lines));
  });
}

async function runningText(
  client: DeployCodeClient,
  { workflowId, deployment }: { workflowId: string; deployment: number },
  queued: number,
  place: string,
): Promise<string[]> {
  const missing = await client.builds.missing(workflowId);
  if (missing !== undefined)
    return [
      `deployment ${deployment} cannot continue: no worker runs its build ${missing} any more`,
      `  start a worker of that build, or: deploy-code worker adopt ${deployment}${place}`,
    ];
  const waiting = waitingText(await client.handle(workflowId).progress(), place);
  return [
    `deployment ${deployment} ` +
      `${waiting.length > 0 ? 'waits' : 'runs'}${queued > 0 ? `, ${queued} queued behind it` : ''}`,
    ...waiting,
  ];
}

async function showDeployment(number: number, options: ViewOptions): Promise<void> {
  const place = placeOf(loadPlace(options).stack);
  process.exitCode = await withClient(options, async (client) => {
    const handle = await client.deployment(place, number);
    const show = () => follow(handle, { watch: false, ...options, place: placeArguments(options) });
    if (options.watch) return show();
    const progress = await handle.progress();
    if (isOver(progress)) return show();
    if (options.json) printJson(progress);
    else print([`deployment ${number}: ${progress.status}`, ...waitingText(progress, placeArguments(options))]);
    return 0;
  });
}

async function showHistory(options: ViewOptions): Promise<void> {
  const entries = await withClient(options, (client) =>
    client.history(placeOf(loadPlace(options).stack), options.limit),
  );
  if (options.json) return printJson(entries);
  print(table([['NUMBER', 'STATUS', 'RELEASE', 'WHEN', 'TOOK', 'BY', 'WHAT'], ...entries.map(historyRow)]));
}

function historyRow({ deployment, status, release, startedAt, result }: HistoryEntry): string[] {
  return [
    String(deployment ?? '-'),
    status,
    String(release ?? '-'),
    ago(startedAt),
    result ? seconds(result.durationMs) : '-',
    result?.requestedBy ?? '-',
    result ? summaryOf(result) : '',
  ];
}

function summaryOf({ intent, reason, cause, changed }: DeploymentResult): string {
  return [intent, reason, cause?.message ?? (shorten(changed, 5) || 'nothing')].filter(Boolean).join(': ');
}

async function showLogs(words: string[], options: ViewOptions): Promise<void> {
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
function sayUnreadable(instance: string, unreadable: string, { json }: ViewOptions): void {
  if (json) printJson({ instance, unreadable });
  else say(`${paint.cyan(instance)} | ${paint.yellow(`(its logs cannot be read here: ${unreadable})`)}`);
}

function showLine(instance: string, line: string, { json, raw }: ViewOptions): void {
  if (json) printJson({ instance, line });
  else if (raw) printRawLines([`${instance} | ${line}`]);
  else say(`${paint.cyan(instance)} | ${line}`);
}

async function evidence(
  client: DeployCodeClient,
  number: number,
  services: string[],
  options: ViewOptions,
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

async function runInside(target: string, command: string[], options: ViewOptions): Promise<void> {
  const { stack } = loadPlace(options);
  await withClient(options, async (client) => {
    const { found, away } = await client.status(stack);
    const running = found.filter(({ state }) => state === 'running');
    const instance =
      running.find(({ service, ordinal, name }) => name === target || `${service}-${ordinal}` === target) ??
      running.find(({ service }) => service === target);
    if (!instance) {
      sayAway(away);
      throw new BadRequest(
        `no running instance has the name "${target}"; running: ` +
          `${running.map(({ service, ordinal }) => `${service}-${ordinal}`).join(', ') || 'none'}`,
      );
    }
    const { exitCode, output } = await client.exec(stack, instance.name, command);
    (options.raw ? printRaw : printText)(output);
    process.exitCode = exitCode;
  });
}
