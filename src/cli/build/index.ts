import type { DeployCodeClient } from '../../client/connect';
import type { LoadedStack } from '../../config';
import type { Service, Stack } from '../../model/stack';
import { BadRequest } from '../../temporal/errors';
import type { EngineLine } from '../../workflows/inspect';
import { mayHaveMoved } from './content-hash';
import { askDocker } from './docker-cli';
import { perform } from './perform';
import { findTargets, type Target } from './targets';

export interface BuildOptions {
  /** `--build`: also what is there; `--no-build`: nothing, the images have the names of the file. */
  build?: boolean;
}

/** A stack whose images are named by their content, and the names of those that a deployment builds. */
export interface NamedImages {
  stack: Stack;
  missing: ReadonlySet<string>;
}

/**
 * Names the images of a stack by their content, without building one. What is missing counts as an image to pull.
 * @throws BadRequest if a context cannot be read, or Docker does not answer
 */
export async function nameImages({ stack, builds }: LoadedStack, options: BuildOptions): Promise<NamedImages> {
  if (!hasBuilds(builds, options)) return { stack, missing: new Set() };
  const targets = await findTargets(builds, options.build === true);
  const missing = targets.filter(({ isMissing }) => isMissing);
  return {
    stack: withNames(stack, targets, (target) => (target.isMissing ? 'missing' : policyOf(target))),
    missing: new Set(missing.map(({ name }) => name)),
  };
}

/**
 * Builds the images of a stack that are missing or have changed, and pushes those whose name includes a registry.
 * @param client knows the container engines of the stack's hosts
 * @returns the stack with images named by their content
 * @throws BadRequest if an image could not get to the hosts, or cannot be built here; nothing was changed
 * @throws Error if a build or a push fails
 */
export async function buildImages(
  { stack, builds }: LoadedStack,
  options: BuildOptions,
  client: Pick<DeployCodeClient, 'engines'>,
): Promise<Stack> {
  if (!hasBuilds(builds, options)) return stack;
  const targets = await findTargets(builds, options.build === true);
  const local = targets.find(({ isPushed }) => !isPushed);
  if (local) await requireSameEngine(local, (await client.engines(stack)).found);
  await perform(targets);
  return withNames(stack, targets, policyOf);
}

function hasBuilds(builds: LoadedStack['builds'], { build }: BuildOptions): boolean {
  return build !== false && Object.keys(builds).length > 0;
}

/** An image without a registry can only be used by the Docker that builds it. */
async function requireSameEngine({ build }: Target, engines: EngineLine[]): Promise<void> {
  const { code, out: own, err } = await askDocker('info', '--format={{.ID}}');
  if (code !== 0 || own === '')
    throw new BadRequest(`docker cannot be reached from here: ${err || 'no engine answers'}`);
  const other = engines.find(({ engine }) => engine !== own);
  if (!other) return;
  throw new BadRequest(
    `services.${build.service}.image: the image would be built in the Docker of this machine, and ${other.host} is ` +
      `another one; name a registry that both reach, such as \`image: registry.example.com/${build.image}\`, ` +
      'or let `docker` use that host (DOCKER_HOST, `docker context use`)',
  );
}

type PullPolicy = Service['pullPolicy'];

function policyOf({ isPushed, build }: Target): PullPolicy {
  if (!isPushed) return 'never';
  return mayHaveMoved(build) ? 'always' : 'missing';
}

/** The stack with content names; also for services that use an image which another one builds. */
function withNames(stack: Stack, targets: readonly Target[], policy: (target: Target) => PullPolicy): Stack {
  const byService = new Map(targets.map((target) => [target.build.service, target]));
  const byImage = new Map(targets.map((target) => [target.build.image, target]));
  const named = (service: Service): Service => {
    const target = byService.get(service.name) ?? byImage.get(service.image ?? '');
    return target ? { ...service, image: target.name, pullPolicy: policy(target) } : service;
  };
  const services = Object.entries(stack.services).map(([name, service]) => [name, named(service)] as const);
  return { ...stack, services: Object.fromEntries(services) };
}
