import type { Command } from 'commander';
import type { DeployCodeClient } from '../../../client/client';
import { isOver } from '../../../client/deployment-handle';
import { placeOf } from '../../../client/place';
import {
  loadPlace,
  milliseconds,
  positive,
  withConnection,
  withStack,
  type ConnectionOptions,
  type StackOptions,
} from '../../options';
import { breakerText, frozenText } from '../../output/control-text';
import { follow } from '../../output/follow';
import { sayAway } from '../../output/hosts-away';
import { waitingText } from '../../output/question-text';
import { statusTable } from '../../output/status-table';
import { watchText } from '../../output/watch-text';
import { ago } from '../../output/words';
import { paint, print, printJson, say } from '../../output/terminal';
import { placeArguments, withClient } from '../session';

interface StatusOptions extends StackOptions, ConnectionOptions {
  json?: boolean;
  watch?: boolean;
  giveUpAfter?: number;
}

/** Adds `status`. */
export function addStatus(program: Command): void {
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
    .action((deployment: number | undefined, options: StatusOptions) =>
      deployment === undefined ? showStatus(options) : showDeployment(deployment, options),
    );
}

async function showStatus(options: StatusOptions): Promise<void> {
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

async function showDeployment(number: number, options: StatusOptions): Promise<void> {
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
