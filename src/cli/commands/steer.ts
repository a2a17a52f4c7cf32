import type { Command } from 'commander';
import type { Steer } from '../../workflows/messages';
import { buildImages, type BuildOptions } from '../build';
import { placeOf } from '../../client/place';
import { userName } from '../../client/user';
import {
  loadPlace,
  positive,
  reason,
  withBuild,
  withConnection,
  withStack,
  withValues,
  type ConnectionOptions,
  type StackOptions,
} from '../options';
import { withDeployable } from '../deployable';
import { placeArguments, serviceOf, withClient } from './session';
import { say } from '../output/terminal';

interface SteerOptions extends StackOptions, ConnectionOptions, BuildOptions {
  reason?: string;
  service?: string;
}

interface SteerCommand {
  action: Steer['action'];
  description: string;
  /** Completes "deployment 7 is …". */
  result: string;
  /** Has the option `--service`. */
  ofService?: boolean;
}

const steerCommands: SteerCommand[] = [
  { action: 'approve', description: 'approve the waiting step of a rollout', result: 'approved', ofService: true },
  {
    action: 'reject',
    description: 'reject the waiting step of a rollout, and roll back the whole deployment',
    result: 'rejected',
    ofService: true,
  },
  {
    action: 'promote',
    description: 'skip the rest of a bake, or of the time that an old set is kept',
    result: 'promoted',
    ofService: true,
  },
  { action: 'pause', description: 'pause a deployment: start no further steps until `resume`', result: 'paused' },
  { action: 'resume', description: 'resume a deployment after `pause`', result: 'resumed' },
  {
    action: 'retry',
    description: 'retry a failed deployment that waits (`on_failure: wait`)',
    result: 'retried',
  },
  {
    action: 'abort',
    description: 'abort a rollout: move requests back first, then roll back the rest',
    result: 'aborted',
  },
];

/** Adds the commands that steer a running rollout. Each use is recorded with the deployment. */
export function addSteering(program: Command): void {
  for (const { action, description, result, ofService } of steerCommands) {
    const command = withConnection(withStack(program.command(action).description(description)))
      .argument('<deployment>', 'deployment number', positive)
      .option('--reason <text>', 'reason, kept in the record', reason);
    if (ofService) command.option('--service <name>', 'only this service');
    command.action((number: number, options: SteerOptions) => steer(number, action, result, options));
  }
  withConnection(
    withBuild(
      withValues(
        program
          .command('amend')
          .description('continue a failed deployment that waits, with changed services from the stack file'),
      ),
    ),
  )
    .argument('<deployment>', 'deployment number', positive)
    .argument('<services...>', 'services with changes to image, command, environment, resources or health check')
    .option('--reason <text>', 'reason, kept in the record', reason)
    .action((number: number, services: string[], options: SteerOptions) => amend(number, services, options));
}

async function amend(number: number, names: string[], options: SteerOptions): Promise<void> {
  await withDeployable(options, async (client, loaded) => {
    for (const name of names) serviceOf(loaded.stack, name);
    const builds = Object.fromEntries(Object.entries(loaded.builds).filter(([name]) => names.includes(name)));
    const stack = await buildImages({ ...loaded, builds }, options, client);
    const sealed = await client.seal(stack, loaded.sealing);
    const services = names.map((name) => sealed.services[name]!);
    const handle = await client.deployment(placeOf(stack), number);
    await handle.amend({ services, by: userName(), ...(options.reason !== undefined && { reason: options.reason }) });
    sayNext(number, 'amended', options);
  });
}

async function steer(number: number, action: Steer['action'], result: string, options: SteerOptions): Promise<void> {
  await withClient(options, async (client) => {
    const handle = await client.deployment(placeOf(loadPlace(options).stack), number);
    const { reason, service } = options;
    await handle.steer({
      action,
      by: userName(),
      ...(reason !== undefined && { reason }),
      ...(service !== undefined && { service }),
    });
    sayNext(number, result, options);
  });
}

function sayNext(number: number, result: string, options: SteerOptions): void {
  say(
    `deployment ${number} is ${result}; follow it with \`deploy-code status ${number} ` +
      `--watch${placeArguments(options)}\``,
  );
}
