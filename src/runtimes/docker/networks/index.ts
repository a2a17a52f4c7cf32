import type { NetworkSpec, VolumeSpec } from '../../../model/resources';
import type { Mount } from '../../../model/instance';
import { RuntimeError, type Scope } from '../../runtime';
import { isSameScope, missing, scopeName } from '../../scope';
import { rangeForDocker } from './addresses';
import type { DockerConnection } from '../api/connection';
import { docker, dockerOr } from '../api/errors';
import { ownerOf, project, scopeLabels, scopeOfLabels, volumeLabels } from '../labels';

interface NetworkInfo {
  Id: string;
  Internal?: boolean;
  Labels?: Record<string, string>;
  IPAM?: { Config?: { Subnet?: string }[] };
}

type Labels = Record<string, string> | null | undefined;

/** One that exists is taken as it is: only where it is this environment's, with these very settings. */
export async function createNetwork(connection: DockerConnection, scope: Scope, request: NetworkSpec): Promise<void> {
  const { docker: engine } = connection;
  const { name, key, cidr, internal } = request;
  const found = await findNetwork(connection, name);
  if (found) return mustFit(found, scope, request);
  const create = (subnet: string | undefined) =>
    engine.createNetwork({
      Name: name,
      CheckDuplicate: true,
      Driver: 'bridge',
      Internal: internal,
      IPAM: subnet ? { Config: [{ Subnet: subnet, IPRange: rangeForDocker(subnet) }] } : undefined,
      Labels: {
        ...scopeLabels(scope),
        'com.docker.compose.project': project(scope),
        'com.docker.compose.network': key,
      },
    });
  await docker(async () => void (await create(cidr ?? (await freeRange(connection, create)))));
}

/**
 * A range that Docker chooses. Only where it has been told a range does it let a container come back with the address
 * it had.
 */
async function freeRange(
  { docker: engine }: DockerConnection,
  create: (subnet: undefined) => Promise<{ id: string }>,
): Promise<string | undefined> {
  const { id } = await create(undefined);
  const network = engine.getNetwork(id);
  const { IPAM } = (await network.inspect()) as { IPAM?: { Config?: { Subnet?: string }[] } };
  await network.remove();
  return IPAM?.Config?.find(({ Subnet }) => Subnet && !Subnet.includes(':'))?.Subnet;
}

/** One that is gone, or somebody else's by now, is not this environment's to remove. */
export async function removeNetwork(connection: DockerConnection, scope: Scope, name: string): Promise<void> {
  const found = await findNetwork(connection, name);
  if (!found || !isOwnedBy(scope, found.Labels)) return;
  await dockerOr([404], undefined, async () => void (await connection.docker.getNetwork(found.Id).remove()));
}

/** Volumes carry our labels only: compose's project label would let `docker compose down -v` take them. */
export async function createVolume(
  { docker: engine }: DockerConnection,
  scope: Scope,
  request: VolumeSpec,
): Promise<void> {
  const found = await dockerOr([404], undefined, () => engine.getVolume(request.name).inspect());
  if (found) return mustBeOurs(found.Labels, scope, `the volume "${request.name}"`);
  await docker(() =>
    engine.createVolume({ Name: request.name, Labels: { ...scopeLabels(scope), ...volumeLabels(request) } }),
  );
}

export async function removeVolume({ docker: engine }: DockerConnection, scope: Scope, name: string): Promise<void> {
  const volume = engine.getVolume(name);
  const found = await dockerOr([404], undefined, () => volume.inspect());
  if (!found) return;
  mustBeOurs(found.Labels, scope, `the volume "${name}"`);
  await dockerOr([404], undefined, async () => void (await volume.remove()));
}

/** Those of these volumes that carry no labels of the engine. What does not exist has none either. */
export async function adoptedVolumes(connection: DockerConnection, names: readonly string[]): Promise<string[]> {
  const { docker: engine } = connection;
  const looks = names.map((name) => dockerOr([404], undefined, () => engine.getVolume(name).inspect()));
  const found = await Promise.all(looks);
  return names.filter((_, index) => ownerOf(found[index]?.Labels) === '');
}

/**
 * Refuses to mount what another environment owns. A volume without our labels is one that the stack has adopted; one
 * that does not exist would be made by Docker, without any label.
 */
export async function refuseForeignVolumes(
  { docker: engine }: DockerConnection,
  scope: Scope,
  mounts: Mount[],
): Promise<void> {
  const names = new Set(mounts.flatMap((mount) => (mount.type === 'volume' ? [mount.volume] : [])));
  await Promise.all(
    [...names].map(async (name) => {
      const found = await dockerOr([404], undefined, () => engine.getVolume(name).inspect());
      if (!found) throw missing('volume', name, scope);
      if (ownerOf(found.Labels) !== '') mustBeOurs(found.Labels, scope, `the volume "${name}"`);
    }),
  );
}

function findNetwork({ docker: engine }: DockerConnection, name: string): Promise<NetworkInfo | undefined> {
  return dockerOr([404], undefined, () => engine.getNetwork(name).inspect() as Promise<NetworkInfo>);
}

function mustFit(
  { Internal = false, Labels, IPAM }: NetworkInfo,
  scope: Scope,
  { name, cidr, internal }: NetworkSpec,
): void {
  mustBeOurs(Labels, scope, `the network "${name}"`);
  const range = IPAM?.Config?.find(({ Subnet }) => Subnet && !Subnet.includes(':'))?.Subnet;
  const differs = Internal !== internal ? 'internal' : cidr !== undefined && range !== cidr ? 'cidr' : undefined;
  if (differs)
    throw new RuntimeError(
      'software',
      `the network "${name}" exists with another ${differs}; stop the stack, then deploy again`,
    );
}

function isOwnedBy(scope: Scope, labels: Labels): boolean {
  const owner = scopeOfLabels(labels);
  return owner !== undefined && isSameScope(scope, owner);
}

function mustBeOurs(labels: Labels, scope: Scope, what: string): void {
  if (isOwnedBy(scope, labels)) return;
  const owner = ownerOf(labels);
  throw new RuntimeError(
    'software',
    `${what} belongs to ${owner ? `stack ${owner}` : 'somebody else'}, not to ${scopeName(scope)}`,
  );
}
