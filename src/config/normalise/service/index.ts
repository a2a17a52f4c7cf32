import { toMs } from '../../schema/values';
import { runtimeTraits } from '../../../model/runtimes';
import type { ServiceInput } from '../../schema/service';
import type { DependencyCondition, Service, ServiceMount, ServicePort } from '../../../model/stack';
import { toIngress } from '../cluster';
import { imageOf } from './build';
import { toContainerOptions } from './container-options';
import { toConfigs } from './mounted-files';
import { toMount } from './mounts';
import { toPorts } from './ports';
import { toPullPolicy } from './pull-policy';
import type { ServiceContext } from './context';
import { toStrategy } from './strategy';
import { hasFixedAddress, joinedByInput, toAttachments, toNetworkMode } from '../networks';
import { toShell, toWords } from '../words';

/** Normalises an entry of `services`: expands short forms and fills in defaults. */
export function toService(name: string, input: ServiceInput, context: ServiceContext): Service {
  const { attempt, baseDir } = context;
  const kind = input.kind ?? 'service';
  const given = (input.ports ?? []).flatMap((port, index) => attempt(['ports', index], () => toPorts(port), []));
  const isProcess = context.runtime === 'process';
  const ports = isProcess ? withExposed(given, input) : given;
  const mounts = (input.volumes ?? []).flatMap((mount, index) =>
    attempt(['volumes', index], () => [toMount(mount, baseDir)], []),
  );
  const defaultStrategy = rollsByDefault(input, context, ports, mounts) ? 'rolling' : 'recreate';
  return {
    name,
    kind,
    image: input.build === undefined ? input.image : imageOf(name, input, context.stack),
    ...toPullPolicy(input.pull_policy),
    ...toContainerOptions(input, context),
    ports,
    mounts,
    ...(input.image_volumes !== undefined && { imageVolumes: input.image_volumes }),
    configs: attempt(['configs'], () => toConfigs(input.configs), []),
    networks: toAttachments(input),
    ...(input.network_mode !== undefined && { networkMode: toNetworkMode(input.network_mode) }),
    ...toDependencies(input, context.input),
    replicas: input.replicas ?? 1,
    ...(context.runtime === 'kubernetes' &&
      kind === 'service' &&
      input.replicas === undefined &&
      mayRunTwice([], mounts, context.shared) && { autoscaled: true as const }),
    phase: input.phase,
    strategy: attempt(['strategy'], () => toStrategy(input.strategy, input.replicas ?? 1, defaultStrategy), {
      kind: 'recreate',
    }),
    ...(input.expose && { drainMs: toMs(input.drain_timeout ?? 30) }),
    hooks: {
      postStart: input.hooks?.post_start === undefined ? undefined : toShell(input.hooks.post_start),
      preStop: input.hooks?.pre_stop === undefined ? undefined : toShell(input.hooks.pre_stop),
    },
    onFailure: input.on_failure ?? 'rollback',
    ...(input.may_complete && runtimeTraits[context.runtime].endings && { mayComplete: true as const }),
    ...(input.expose &&
      context.runtime === 'kubernetes' && {
        ingress: attempt(['expose'], () => toIngress(input, context.secrets), []),
      }),
    ...(input.zone !== undefined && { zone: input.zone }),
    ...(input.host !== undefined && { host: input.host }),
    run: input.run ?? 'on_change',
    timeoutMs: input.timeout === undefined ? undefined : toMs(input.timeout),
    onRollback:
      typeof input.on_rollback === 'object'
        ? { command: toWords(input.on_rollback.command) }
        : (input.on_rollback ?? 'keep'),
  };
}

/**
 * Adds ports that the engine allocates for an exposed process, so that two versions can run side by side. The first
 * port becomes `$PORT`.
 */
function withExposed(ports: ServicePort[], input: ServiceInput): ServicePort[] {
  const exposed = [...new Set([input.expose ?? []].flat().map(({ port }) => port))];
  const own = exposed.map(
    (port): ServicePort => ports.find(({ container }) => container === port) ?? { container: port, protocol: 'tcp' },
  );
  return [...own, ...ports.filter((port) => !own.includes(port))];
}

/** Exposed services roll so that no request is lost; on a cluster, services roll if their health can be checked. */
function rollsByDefault(
  input: ServiceInput,
  { runtime, shared, sharesNamespace }: ServiceContext,
  ports: ServicePort[],
  mounts: ServiceMount[],
): boolean {
  if (runtime === 'kubernetes')
    return input.health_check !== undefined && input.kind !== 'job' && mayRunTwice([], mounts, shared);
  if (sharesNamespace || hasFixedAddress(input)) return false;
  return input.expose !== undefined && mayRunTwice(ports, mounts, shared);
}

/** True unless a fixed host port or a volume with a single writer prevents a second instance. */
function mayRunTwice(ports: ServicePort[], mounts: ServiceMount[], shared: ServiceContext['shared']): boolean {
  return (
    !ports.some(({ published }) => published && published.from === published.to) &&
    !mounts.some((mount) => mount.type === 'volume' && !mount.readOnly && !shared(mount.volume))
  );
}

interface DependencyInput {
  condition?: DependencyCondition;
  restart?: boolean;
}

/** The dependencies in the file, and those whose namespaces the service joins. */
function toDependencies(
  input: ServiceInput,
  find: ServiceContext['input'],
): Pick<Service, 'dependsOn' | 'restartsWith'> {
  const { depends_on: given = [] } = input;
  const joined = joinedByInput(input).filter((name) => find(name) !== undefined);
  const named = Array.isArray(given)
    ? given.map((name): [string, DependencyInput] => [name, {}])
    : Object.entries(given).map(([name, entry]): [string, DependencyInput] => [name, entryOf(entry)]);
  const entries = new Map([...joined.map((name): [string, DependencyInput] => [name, {}]), ...named]);
  const restarting = [...entries].filter(([, { restart }]) => restart).map(([name]) => name);
  return {
    dependsOn: Object.fromEntries(
      [...entries].map(([name, { condition }]) => [name, condition ?? strongestCondition(find(name))]),
    ),
    ...(restarting.length > 0 && { restartsWith: restarting }),
  };
}

function entryOf(entry: DependencyCondition | DependencyInput): DependencyInput {
  return typeof entry === 'string' ? { condition: entry } : entry;
}

/** The strongest condition that a service can meet. */
function strongestCondition(dependency: ServiceInput | undefined): DependencyCondition {
  if (dependency?.kind === 'job') return 'completed';
  return dependency?.health_check ? 'healthy' : 'started';
}
