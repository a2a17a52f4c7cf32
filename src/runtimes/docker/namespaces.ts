import type { ContainerInspectInfo, HostConfig } from 'dockerode';
import { namespaces, type InstanceSpec, type Joined, type Namespace } from '../../model/instance';
import { RuntimeError } from '../runtime';
import { joinsOf } from './labels';
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
  const own = { network: networkMode === 'bridge' ? networks[0]?.name : networkMode, ipc, pid };
  return Object.fromEntries(namespaces.map((each) => [fields[each], modeOf(own[each], ids[each])]));
}

function modeOf(own: string | undefined, id: string | undefined): string | undefined {
  if (id !== undefined) return `${container}${id}`;
  if (own === undefined || !borrowed.test(own)) return own;
  throw new RuntimeError('software', `there is no instance of this stack for the namespace ${own}`);
}

/** Ids of the containers whose namespaces an instance joins. @throws RuntimeError if one is gone */
export async function containersOf(joins: Joined = {}, containers: OwnContainers): Promise<Joined> {
  const ids = await Promise.all(
    namespaces.map(async (namespace) => {
      const name = joins[namespace];
      if (name === undefined) return [];
      const found = await containers.inspect(name);
      if (found) return [[namespace, found.Id]];
      throw new RuntimeError('software', `${name}, whose ${namespace} namespace it joins, is gone; deploy again`);
    }),
  );
  return Object.fromEntries(ids.flat()) as Joined;
}

/** The id of `container:ID`. */
export function containerIn(mode: string | undefined): string | undefined {
  return mode?.startsWith(container) ? mode.slice(container.length) : undefined;
}

/** Modes of a container that is created again, which joins the current containers of the names in its label. */
export async function modesAgain({ Config }: ContainerInspectInfo, containers: OwnContainers): Promise<Modes> {
  const ids = await containersOf(joinsOf(Config.Labels), containers);
  return Object.fromEntries(Object.entries(ids).map(([key, id]) => [fields[key as Namespace], `${container}${id}`]));
}

/** Whether a container whose namespaces it joins was itself created again, under the same name. */
export async function joinsReplaced(info: ContainerInspectInfo, containers: OwnContainers): Promise<boolean> {
  const modes = await modesAgain(info, containers);
  return Object.entries(modes).some(([field, mode]) => info.HostConfig[field as keyof Modes] !== mode);
}

/** Adds to observed instances what they are left behind by. */
export async function withLeftBehind<Seen extends { name: string; state: string; joins?: Joined }>(
  instances: Seen[],
  containers: OwnContainers,
): Promise<(Seen & { leftBehind?: string[] })[]> {
  return Promise.all(
    instances.map(async (instance) => {
      if (!instance.joins || instance.state !== 'running') return instance;
      const leftBehind = await leftBehindOf(instance.name, instance.joins, containers);
      return leftBehind.length > 0 ? { ...instance, leftBehind } : instance;
    }),
  );
}

/**
 * Names of the instances that have started since another one joined their namespaces: each start makes new namespaces,
 * and those that joined stay in the old ones.
 */
async function leftBehindOf(name: string, joins: Joined, containers: OwnContainers): Promise<string[]> {
  const names = [...new Set(Object.values(joins))];
  const [own, ...others] = await Promise.all([name, ...names].map((each) => containers.inspect(each)));
  const since = startOf(own);
  return names.filter((_, index) => {
    const start = startOf(others[index]);
    return since !== undefined && start !== undefined && start > since;
  });
}

/** When a running container started, with all of Docker's digits, as texts that compare; Docker leaves out zeros. */
function startOf(info: ContainerInspectInfo | undefined): string | undefined {
  if (!info?.State.Running || info.State.Restarting) return undefined;
  const [seconds, fraction = ''] = info.State.StartedAt.replace('Z', '').split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}`;
}
