import { buffer } from 'node:stream/consumers';
import type { Container, ContainerCreateOptions, ContainerInspectInfo, EndpointSettings } from 'dockerode';
import { join } from './networks/attach';
import { namesAt, toEndpoint, type Endpoint } from './networks/endpoint';
import type { DockerConnection } from './api/connection';
import { docker, dockerOr } from './api/errors';
import { remadeFrom } from './labels';
import type { OwnContainers } from './labels/own-containers';
import { isOwn, replacementName } from './labels/ownership';
import { containerIn, modesAgain } from './namespaces';

interface Change {
  Path: string;
  Kind: number;
}

const kinds = { modified: 0, added: 1 };
/** Files that Docker writes at every start. */
const ownFiles = new Set(['/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/.dockerenv']);

/**
 * Recreates a container that Docker cannot start any more because a start was interrupted: same name, labels, networks
 * and volumes, and the files it has written. A label names the replaced container. Can be repeated after an
 * interruption.
 */
export async function remake(connection: DockerConnection, containers: OwnContainers, name: string): Promise<void> {
  const { docker: engine } = connection;
  const info = await containers.inspect(name);
  if (info) {
    const stuck = engine.getContainer(info.Id);
    const unfinished = await findReplacement(connection, containers, name);
    if (unfinished) await docker(() => engine.getContainer(unfinished.Id).remove({ force: true }) as Promise<void>);
    const joining = { ...info, HostConfig: { ...info.HostConfig, ...(await modesAgain(info, containers)) } };
    const made = await docker(() => engine.createContainer({ ...asBefore(joining), name: replacementName(name) }));
    await copyFiles(stuck, made, info);
    await connect(connection, made.id, info);
    await docker(() => stuck.remove({ force: true, v: false }) as Promise<void>);
  }
  await finishRemake(connection, containers, name);
}

/** Renames a replacement once the replaced container is removed; does nothing if there is none. */
export async function finishRemake(
  connection: DockerConnection,
  containers: OwnContainers,
  name: string,
): Promise<void> {
  const replacement = await findReplacement(connection, containers, name);
  if (!replacement || (await containers.inspectAnybodys(name))) return;
  await docker(() => connection.docker.getContainer(replacement.Id).rename({ name }) as Promise<void>);
}

async function findReplacement(
  { docker: engine }: DockerConnection,
  { scope }: OwnContainers,
  name: string,
): Promise<ContainerInspectInfo | undefined> {
  const found = await dockerOr([404], undefined, () => engine.getContainer(replacementName(name)).inspect());
  return found && isOwn(scope, found.Config.Labels, found.Name) ? found : undefined;
}

/** Create options of the replacement. Anonymous volumes are mounted by name, so that they are kept. */
function asBefore({ Id, Config, HostConfig, Mounts, NetworkSettings }: ContainerInspectInfo): ContainerCreateOptions {
  const named = new Set([
    ...(HostConfig.Binds ?? []).map((bind) => bind.split(':')[1]),
    ...(HostConfig.Mounts ?? []).map(({ Target }) => Target),
  ]);
  const unnamed = Mounts.filter(({ Type, Destination }) => Type === 'volume' && !named.has(Destination)).map(
    ({ Name, Destination }) => `${Name}:${Destination}`,
  );
  const [first] = Object.keys(NetworkSettings.Networks);
  return {
    ...Config,
    ...(containerIn(HostConfig.NetworkMode) !== undefined && withoutNetwork),
    Labels: { ...Config.Labels, ...remadeFrom(Id) },
    HostConfig: { ...HostConfig, Binds: [...(HostConfig.Binds ?? []), ...unnamed] },
    ...(first !== undefined && {
      NetworkingConfig: { EndpointsConfig: { [first]: endpointOf(first, NetworkSettings.Networks[first]!, Id) } },
    }),
  } as ContainerCreateOptions;
}

/** Docker copies these from the container whose network it joins, and refuses them beside that. */
const withoutNetwork = { Hostname: undefined, Domainname: undefined, ExposedPorts: undefined };

function endpointOf(name: string, endpoint: Endpoint, id: string): EndpointSettings {
  return toEndpoint({ name, ...namesAt(endpoint, id) }, endpoint.IPAMConfig?.IPv4Address);
}

async function connect(
  connection: DockerConnection,
  name: string,
  { Id, NetworkSettings }: ContainerInspectInfo,
): Promise<void> {
  for (const [network, endpoint] of Object.entries(NetworkSettings.Networks).slice(1)) {
    const { IPAMConfig } = endpoint as Endpoint;
    await join(connection, name, network, namesAt(endpoint, Id), IPAMConfig?.IPv4Address);
  }
}

/** Copies added and modified files: configs and secrets that the engine wrote, and files of the container itself. */
async function copyFiles(from: Container, to: Container, { Mounts }: ContainerInspectInfo): Promise<void> {
  const changes = (await docker(() => from.changes() as Promise<Change[] | null>)) ?? [];
  const mounted = (path: string) =>
    Mounts.some(({ Destination }) => path === Destination || path.startsWith(`${Destination}/`));
  const isAdded = (path: string) => changes.some(({ Path, Kind }) => Path === path && Kind === kinds.added);
  const isLeaf = (path: string) => !changes.some(({ Path }) => Path.startsWith(`${path}/`));
  const copied = changes.filter(
    ({ Path, Kind }) =>
      (Kind === kinds.added ? !isAdded(folderOf(Path)) : Kind === kinds.modified && isLeaf(Path)) &&
      !ownFiles.has(Path) &&
      !mounted(Path),
  );
  for (const { Path: path } of copied) {
    const archive = await docker(async () => buffer(await from.getArchive({ path })));
    await docker(() => to.putArchive(archive, { path: folderOf(path) }) as Promise<unknown>);
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
