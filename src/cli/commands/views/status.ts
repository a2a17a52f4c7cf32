import type { Command } from 'commander';
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
import { follow } from '../../output/follow';
import { sayAway } from '../../output/hosts-away';
import { waitingText } from '../../output/question-text';
import { print, printJson } from '../../output/terminal';
import { stackStatus } from './stack-status';
import { watchStatus } from './watch-status';
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
    .option('--watch', 'show the whole stack until Ctrl-C; with a number, follow the deployment until it ends')
    .option(
      '--give-up-after <duration>',
      'with a number and --watch: stop after this time without a worker or a Temporal server (exit 5)',
      milliseconds,
    )
    .option('--json', 'print one JSON document; with --watch one for each change, with a number events as JSON Lines')
    .action((deployment: number | undefined, options: StatusOptions) =>
      deployment === undefined ? showStatus(options) : showDeployment(deployment, options),
    );
}

async function showStatus(options: StatusOptions): Promise<void> {
  const { stack } = loadPlace(options);
  await withClient(options, async (client) => {
    if (options.watch) return watchStatus((width) => stackStatus(client, stack, options, width), options);
    const { document, lines, away } = await stackStatus(client, stack, options);
    sayAway(away);
    if (options.json) printJson(document);
    else print(lines);
  });
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
