import type { Command } from 'commander';
import { stringify } from 'yaml';
import { reachesClusters } from '../../model/stack/runtime-of';
import { manifestsOf } from '../../plan/manifests';
import { servicesOf } from '../../plan/plan';
import { BadRequest } from '../../temporal/errors';
import type { DeployCodeClient } from '../../client/connect';
import type { LoadedStack } from '../../config';
import { buildImages, nameImages, type BuildOptions } from '../build';
import { withDeployable } from '../deployable';
import { exitCodes } from '../exit-codes';
import {
  list,
  whenBusy,
  withBuild,
  withConnection,
  withFollowing,
  withQueue,
  withValues,
  type ConnectionOptions,
  type QueueOptions,
  type StackOptions,
} from '../options';
import { follow } from '../output/follow';
import { planText, refusalText } from '../output/plan-text';
import { placeArguments } from './session';
import { print, printFile, printJson } from '../output/terminal';

export interface DeployOptions extends StackOptions, ConnectionOptions, QueueOptions, BuildOptions {
  services?: string[];
  force?: boolean;
  reason?: string;
  dryRun?: boolean;
  manifests?: boolean;
  json?: boolean;
  watch?: boolean;
  detach?: boolean;
  giveUpAfter?: number;
}

export function addDeploy(program: Command): void {
  withConnection(
    withBuild(
      withValues(program.command('plan').description('show what a deployment would do, without changing anything')),
    ),
  )
    .option('--services <names>', 'only these services and their dependencies', list)
    .option('--force', 'override refusals that allow --force')
    .option('--manifests', 'on Kubernetes: print the manifests of the whole stack, in the format of `kubectl`')
    .option('--json', 'print one JSON document')
    .action(
      async (options: DeployOptions) =>
        void (process.exitCode = await (options.manifests ? showManifests(options) : showPlan(options))),
    );

  addDeployAs(program, 'deploy', 'deploy the stack as a new release; a failure rolls back the whole deployment');
}

/** Adds the command that deploys, under a name. Services may also be named as arguments if the command has any. */
export function addDeployAs(program: Command, name: string, description: string): Command {
  return withQueue(withFollowing(withConnection(withBuild(withValues(program.command(name).description(description))))))
    .option('--services <names>', 'only these services and their dependencies', list)
    .option('--dry-run', 'only show the plan')
    .option('--force', 'override freezes, and refusals that allow --force')
    .action(async (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      const options = command.opts<DeployOptions>();
      const services = [...(options.services ?? []), ...command.args];
      process.exitCode = await deploy({ ...options, ...(services.length > 0 && { services }) });
    });
}

async function showPlan(options: DeployOptions): Promise<number> {
  return withDeployable(options, (client, loaded) => planOf(client, loaded, options));
}

async function planOf(client: DeployCodeClient, loaded: LoadedStack, options: DeployOptions): Promise<number> {
  const { stack, missing } = await nameImages(loaded, options);
  const { plan, refusals } = await client.plan(await client.seal(stack, loaded.sealing), options);
  if (options.json) printJson({ plan, builds: [...missing], refusals });
  else print([...planText(plan, missing), ...(refusals.length > 0 ? refusalText(refusals) : [])]);
  return refusals.length > 0 ? exitCodes.badInput : exitCodes.done;
}

/** Prints the manifests of the whole stack, without values of secrets. */
async function showManifests(options: DeployOptions): Promise<number> {
  return withDeployable(options, async (client, loaded) => {
    const { stack } = await nameImages(loaded, options);
    if (!reachesClusters(stack))
      throw new BadRequest(
        '--manifests needs a stack on Kubernetes: orchestrator: Kubernetes, or a host with kubernetes',
      );
    const { plan } = await client.plan(await client.seal(stack, loaded.sealing), options);
    const placement = Object.fromEntries(
      servicesOf(plan.phases).flatMap(({ name, host }) => (host === undefined ? [] : [[name, host]])),
    );
    const manifests = manifestsOf(stack, plan.deployment, placement);
    if (options.json) printJson(manifests);
    else printFile(`${manifests.map((manifest) => stringify(JSON.parse(JSON.stringify(manifest)))).join('---\n')}\n`);
    return exitCodes.done;
  });
}

async function deploy(options: DeployOptions): Promise<number> {
  return withDeployable(options, async (client, loaded) => {
    if (options.dryRun || loaded.stack.dryRun) return planOf(client, loaded, options);
    const stack = await buildImages(loaded, options, client);
    const sealed = await client.seal(stack, loaded.sealing);
    const handle = await client.deploy(sealed, { ...options, whenBusy: whenBusy(options) });
    return follow(handle, { ...options, place: placeArguments(options) });
  });
}
