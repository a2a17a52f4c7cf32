import type { ContainerInspectInfo, HostConfig } from 'dockerode';
import { namespaces, networkOfMode, type InstanceSpec, type Joined, type Namespace } from '../../model/instance';
import { RuntimeError } from '../runtime';
import type { OutsideContainer } from '../../model/observation';
import { isName } from '../../model/names';
import { scopeName } from '../scope';
import { joinsOf, joinsOutsideOf } from './labels';
import { bareName, ownerOfContainer } from './labels/ownership';
import type { OwnContainers } from './labels/own-containers';

type Modes = Pick<HostConfig, 'NetworkMode' | 'IpcMode' | 'PidMode'>;

const fields: Record<Namespace, keyof Modes> = { network: 'NetworkMode', ipc: 'IpcMode', pid: 'PidMode' };
const container = 'container:';
/** Modes by which Docker takes a namespace from elsewhere. */
const borrowed = /^(?:container|ns|service):/;

/**
 * Docker's modes of the namespaces of an instance. `ids`: the containers whose namespaces it joins.
 * @throws RuntimeError if a mode means another container
 */
export function toModes({ networkMode, networks, ipc, pid }: InstanceSpec, ids: Joined = {}): Modes {
  const own = {
    network: networkMode === 'bridge' ? networks[0]?.name : (networkOfMode(networkMode) ?? networkMode),
    ipc,
    pid,
  };
  return Object.fromEntries(namespaces.map((each) => [fields[each], modeOf(own[each], ids[each])]));
}

function modeOf(own: string | undefined, id: string | undefined): string | undefined {
  if (id !== undefined) return `${container}${id}`;
  if (own === undefined || !borrowed.test(own)) return own;
  throw new RuntimeError('software', `there is no container for the namespace ${own}`);
}

/** By namespace: the instances, and the containers outside the stack, that an instance joins; by name. */
interface JoinedNames {
  joins?: Joined;
  joinsOutside?: Joined;
}

/**
 * Ids of the containers whose namespaces an instance joins.
 * @throws RuntimeError if one is gone, or is not to be joined
 */
export async function containersOf(
  { joins = {}, joinsOutside = {} }: JoinedNames,
  containers: OwnContainers,
): Promise<Joined> {
  const ids: Joined = {};
  for (const namespace of namespaces) {
    const [name, outside] = [joins[namespace], joinsOutside[namespace]];
    if (outside !== undefined) ids[namespace] = await outsideId(outside, namespace, containers);
    else if (name !== undefined) ids[namespace] = await insideId(name, namespace, containers);
  }
  return ids;
}

async function insideId(name: string, namespace: Namespace, containers: OwnContainers): Promise<string> {
  const found = await containers.inspect(name);
  if (found) return found.Id;
  throw new RuntimeError('software', `${name}, whose ${namespace} namespace it joins, is gone; deploy again`);
}

async function outsideId(name: string, namespace: Namespace, containers: OwnContainers): Promise<string> {
  const found = await inspectOutside(name, containers);
  if (found && !ownerOfContainer(found.Config.Labels, found.Name) && found.State.Running) return found.Id;
  const problem = !found
    ? 'is gone'
    : found.State.Running
      ? 'belongs to an environment, which no other one may join'
      : 'does not run';
  throw new RuntimeError(
    'software',
    `the container ${name}, whose ${namespace} namespace it joins, ${problem}; ` +
      'start one of that name, then deploy again',
  );
}

/** The container of anybody with exactly this name: Docker would take the beginning of an id as well. */
async function inspectOutside(name: string, containers: OwnContainers): Promise<ContainerInspectInfo | undefined> {
  if (!isName('container', name)) return undefined;
  const found = await containers.inspectAnybodys(name);
  return found && bareName(found.Name) === name ? found : undefined;
}

/** Those that exist of the containers that services ask for. */
export async function findOutside(names: readonly string[], containers: OwnContainers): Promise<OutsideContainer[]> {
  const found = await Promise.all(names.map((name) => inspectOutside(name, containers)));
  return found.flatMap((info, index) => {
    if (!info) return [];
    const owner = ownerOfContainer(info.Config.Labels, info.Name);
    return {
      name: names[index]!,
      isRunning: info.State.Running,
      sharesMemory: info.HostConfig.IpcMode === 'shareable',
      ...(owner && { owner: scopeName(owner) }),
    };
  });
}

/** The id of `container:ID`. */
export function containerIn(mode: string | undefined): string | undefined {
  return mode?.startsWith(container) ? mode.slice(container.length) : undefined;
}

/** Modes of a container that is created again, which joins the current containers of the names in its label. */
export async function modesAgain({ Config }: ContainerInspectInfo, containers: OwnContainers): Promise<Modes> {
  const { Labels } = Config;
  const ids = await containersOf({ joins: joinsOf(Labels), joinsOutside: joinsOutsideOf(Labels) }, containers);
  return Object.fromEntries(Object.entries(ids).map(([key, id]) => [fields[key as Namespace], `${container}${id}`]));
}

/** Whether a container whose namespaces it joins was itself created again, under the same name. */
export async function joinsReplaced(info: ContainerInspectInfo, containers: OwnContainers): Promise<boolean> {
  const modes = await modesAgain(info, containers);
  return Object.entries(modes).some(([field, mode]) => info.HostConfig[field as keyof Modes] !== mode);
}

/** Adds to observed instances what they are left behind by. */
export async function withLeftBehind<Seen extends { name: string; state: string } & JoinedNames>(
  instances: Seen[],
  containers: OwnContainers,
): Promise<(Seen & { leftBehind?: string[] })[]> {
  return Promise.all(
    instances.map(async (instance) => {
      if (!(instance.joins ?? instance.joinsOutside) || instance.state !== 'running') return instance;
      const leftBehind = await leftBehindOf(instance.name, instance, containers);
      return leftBehind.length > 0 ? { ...instance, leftBehind } : instance;
    }),
  );
}

/**
 * Names of the containers that have started since another one joined their namespaces: each start makes new namespaces,
 * and those that joined stay in the old ones.
 */
async function leftBehindOf(
  name: string,
  { joins = {}, joinsOutside = {} }: JoinedNames,
  containers: OwnContainers,
): Promise<string[]> {
  const since = startOf(await containers.inspect(name));
  if (since === undefined) return [];
  const lookUps = [
    ...[...new Set(Object.values(joins))].map((each) => [each, containers.inspect(each)] as const),
    ...[...new Set(Object.values(joinsOutside))].map((each) => [each, inspectOutside(each, containers)] as const),
  ];
  const found = await Promise.all(
    lookUps.map(async ([each, looked]) => {
      const start = startOf(await looked);
      return start !== undefined && start > since ? [each] : [];
    }),
  );
  return found.flat();
}

/** When a running container started, with all of Docker's digits, as texts that compare; Docker leaves out zeros. */
function startOf(info: ContainerInspectInfo | undefined): string | undefined {
  if (!info?.State.Running || info.State.Restarting) return undefined;
  const [seconds, fraction = ''] = info.State.StartedAt.replace('Z', '').split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}`;
}
