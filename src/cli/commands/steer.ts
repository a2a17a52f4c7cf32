import type { Command } from 'commander';
import type { Steer } from '../../workflows/messages';
import { BadRequest } from '../../temporal/errors';
import { placeOf } from '../../client/place';
import { userName } from '../../client/user';
import {
  loadPlace,
  positive,
  reason,
  withConnection,
  withStack,
  type ConnectionOptions,
  type StackOptions,
} from '../options';
import { placeArguments, withClient } from './session';
import { checked } from './validate';
import { say } from '../output/terminal';

interface SteerOptions extends StackOptions, ConnectionOptions {
  reason?: string;
  service?: string;
}

interface Way {
  action: Steer['action'];
  description: string;
  said: string;
  /** One of several services may be meant. */
  ofService?: boolean;
}

const ways: Way[] = [
  { action: 'approve', description: 'approve what a rollout waits with', said: 'approved', ofService: true },
  {
    action: 'reject',
    description: 'reject what a rollout waits with; the whole deployment is rolled back',
    said: 'rejected',
    ofService: true,
  },
  {
    action: 'promote',
    description: 'skip what is left of a bake, or of the time that an old set is kept',
    said: 'promoted',
    ofService: true,
  },
  { action: 'pause', description: 'begin no further step until `resume`', said: 'paused' },
  { action: 'resume', description: 'go on after `pause`', said: 'resumed' },
  {
    action: 'retry',
    description: 'try again what has failed, where the deployment waits (`on_failure: wait`)',
    said: 'tried again',
  },
  {
    action: 'abort',
    description: 'stop a rollout: requests go back first, then the rest is rolled back',
    said: 'aborted',
  },
];

/** How people steer a rollout that runs. Who, when and why is recorded with the deployment. */
export function addSteering(program: Command): void {
  for (const { action, description, said, ofService } of ways) {
    const command = withConnection(withStack(program.command(action).description(description)))
      .argument('<deployment>', 'its number', positive)
      .option('--reason <text>', 'why, for the record', reason);
    if (ofService) command.option('--service <name>', 'only this service');
    command.action((number: number, options: SteerOptions) => steer(number, action, said, options));
  }
  withConnection(
    withStack(
      program
        .command('amend')
        .description(
          'give a deployment that has failed and waits services as the stack file has them now; it goes on from there',
        ),
    ),
  )
    .argument('<deployment>', 'its number', positive)
    .argument('<services...>', 'services that have been changed: image, command, environment, resources, health check')
    .option('--reason <text>', 'why, for the record', reason)
    .action((number: number, services: string[], options: SteerOptions) => amend(number, services, options));
}

async function amend(number: number, names: string[], options: SteerOptions): Promise<void> {
  const { stack } = checked(options);
  const services = names.map((name) => {
    const service = stack.services[name];
    if (service) return service;
    throw new BadRequest(`there is no service "${name}"; there are ${Object.keys(stack.services).join(', ')}`);
  });
  await withClient(options, async (client) => {
    const handle = await client.deployment(placeOf(stack), number);
    await handle.amend({ services, by: userName(), ...(options.reason !== undefined && { reason: options.reason }) });
    sayWhatIsNext(number, 'amended', options);
  });
}

async function steer(number: number, action: Steer['action'], said: string, options: SteerOptions): Promise<void> {
  await withClient(options, async (client) => {
    const handle = await client.deployment(placeOf(loadPlace(options).stack), number);
    const { reason, service } = options;
    await handle.steer({
      action,
      by: userName(),
      ...(reason !== undefined && { reason }),
      ...(service !== undefined && { service }),
    });
    sayWhatIsNext(number, said, options);
  });
}

function sayWhatIsNext(number: number, said: string, options: SteerOptions): void {
  say(
    `deployment ${number} is ${said}; \`deploy-code status ${number} ` +
      `--watch${placeArguments(options)}\` shows what comes of it`,
  );
}
