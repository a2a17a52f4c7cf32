import type { Command } from 'commander';
import { placeOf } from '../../client/place';
import { loadPlace, positive, withConnection, withStack, type ConnectionOptions, type StackOptions } from '../options';
import { ago } from '../output/words';
import { placeArguments, withClient } from './session';
import { print, printJson, say, table } from '../output/terminal';

interface ListOptions extends ConnectionOptions {
  json?: boolean;
}

/** Adds the commands for builds of the engine, which run side by side during an upgrade. */
export function addBuilds(worker: Command): void {
  withConnection(
    worker
      .command('builds')
      .description('list the builds of the engine: the current one, and others that still have deployments'),
  )
    .option('--json', 'print one JSON document')
    .action(listBuilds);

  withConnection(
    worker
      .command('promote')
      .description('start new deployments on this build; running ones finish on their own build'),
  )
    .argument('<build>', 'build ID')
    .action(async (build: string, options: ConnectionOptions) => {
      await withClient(options, (client) => client.builds.promote(build));
      say(`build ${build} is current: new deployments start on it, running ones finish on their own build`);
    });

  withConnection(
    withStack(
      worker
        .command('adopt')
        .description('continue a deployment on the current build if no worker runs its own build any more'),
    ),
  )
    .argument('<deployment>', 'deployment number', positive)
    .action(adopt);
}

async function listBuilds(options: ListOptions): Promise<void> {
  const builds = await withClient(options, (client) => client.builds.list());
  if (options.json) return printJson(builds);
  if (builds.length === 0) say('no worker has a build ID; start one with `deploy-code worker --build-id`');
  else
    print(
      table([
        ['BUILD', 'STATE', 'WORKERS', 'SINCE'],
        ...builds.map(({ id, state, workers, since }) => [id, state, String(workers), since ? ago(since) : '-']),
      ]),
    );
}

async function adopt(number: number, options: StackOptions & ConnectionOptions): Promise<void> {
  await withClient(options, async (client) => {
    const { id } = await client.deployment(placeOf(loadPlace(options).stack), number);
    await client.builds.adopt(id);
    say(
      `deployment ${number} continues on the current build; follow it with \`deploy-code status ` +
        `${number} --watch${placeArguments(options)}\``,
    );
  });
}
