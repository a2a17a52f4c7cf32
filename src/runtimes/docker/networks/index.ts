import type { NetworkCreateOptions } from 'dockerode';
import type { DriverOptions, Ipam, NetworkSpec, VolumeSpec } from '../../../model/resources';
import { mapValues } from '../../../model/map-values';
import { withValues, type Mount } from '../../../model/instance';
import { RuntimeError, type Scope, type SecretReader } from '../../runtime';
import { isSameScope, missing, scopeName } from '../../scope';
import { rangeForDocker } from './addresses';
import type { DockerConnection } from '../api/connection';
import { isUnnamed } from '../../../model/stack/mounted-volumes';
import { isOwn } from '../labels/ownership';
import { docker, dockerOr } from '../api/errors';
import { ownerOf, project, scopeLabels, scopeOfLabels, volumeLabels } from '../labels';

interface NetworkInfo {
  Id: string;
  Internal?: boolean;
  Labels?: Record<string, string>;
  IPAM?: { Config?: { Subnet?: string }[] };
}

type Labels = Record<string, string> | null | undefined;

/** Creates a network. An existing one is used only if it belongs to this environment and has the same settings. */
export async function createNetwork(
  connection: DockerConnection,
  scope: Scope,
  request: NetworkSpec,
  secrets: SecretReader,
): Promise<void> {
  const { docker: engine } = connection;
  const { name, key, cidr, internal, driver = 'bridge', ipam, ipv6, attachable } = request;
  const found = await findNetwork(connection, name);
  if (found) return mustFit(found, scope, request);
  const driverOptions = await filledOptions(request, secrets);
  const create = (subnet: string | undefined) =>
    engine.createNetwork({
      Name: name,
      CheckDuplicate: true,
      Driver: driver,
      Internal: internal,
      IPAM: ipam
        ? toIpam(ipam)
        : subnet
          ? { Config: [{ Subnet: subnet, IPRange: rangeForDocker(subnet) }] }
          : undefined,
      ...(driverOptions && { Options: driverOptions }),
      ...(ipv6 !== undefined && { EnableIPv6: ipv6 }),
      ...(attachable && { Attachable: attachable }),
      Labels: {
        ...request.labels,
        ...scopeLabels(scope),
        'com.docker.compose.project': project(scope),
        'com.docker.compose.network': key,
      },
    });
  const chooses = driver === 'bridge' && !ipam;
  await docker(async () => void (await create(chooses ? (cidr ?? (await freeRange(connection, create))) : undefined)));
}

/**
 * Options of a driver with the values of the secrets that they refer to. Not the device of a volume: the policy has
 * judged it as it is.
 */
async function filledOptions(
  { driverOptions, secrets = [] }: DriverOptions,
  reader: SecretReader,
): Promise<DriverOptions['driverOptions']> {
  if (!driverOptions || secrets.length === 0) return driverOptions;
  const values = await reader.texts({ secrets });
  return mapValues(driverOptions, (text, option) => (option === 'device' ? text : withValues(text, values)));
}

/** Address management as the stack file has it; the engine leaves its addresses alone. */
function toIpam({ driver = 'default', options, pools }: Ipam): NonNullable<NetworkCreateOptions['IPAM']> {
  return {
    Driver: driver,
    ...(options && { Options: options }),
    Config: pools.map(({ subnet, range, gateway, auxiliary }) => ({
      Subnet: subnet,
      ...(range !== undefined && { IPRange: range }),
      ...(gateway !== undefined && { Gateway: gateway }),
      ...(auxiliary && { AuxiliaryAddresses: auxiliary }),
    })) as NonNullable<NonNullable<NetworkCreateOptions['IPAM']>['Config']>,
  };
}

/** A range that Docker chooses. Fixed addresses require a network with an explicit range. */
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

/** Removes a network, unless it is missing or belongs to another owner by now. */
export async function removeNetwork(connection: DockerConnection, scope: Scope, name: string): Promise<void> {
  const found = await findNetwork(connection, name);
  if (!found || !isOwnedBy(scope, found.Labels)) return;
  await dockerOr([404], undefined, async () => void (await connection.docker.getNetwork(found.Id).remove()));
}

/** Volumes have the engine's labels only: with Compose's project label, `docker compose down -v` would remove them. */
export async function createVolume(
  { docker: engine }: DockerConnection,
  scope: Scope,
  request: VolumeSpec,
  secrets: SecretReader,
): Promise<void> {
  const found = await dockerOr([404], undefined, () => engine.getVolume(request.name).inspect());
  if (found) return mustBeOurs(found.Labels, scope, `the volume "${request.name}"`);
  const driverOptions = await filledOptions(request, secrets);
  await docker(() =>
    engine.createVolume({
      Name: request.name,
      ...(request.driver !== undefined && { Driver: request.driver }),
      ...(driverOptions && { DriverOpts: driverOptions }),
      Labels: { ...request.labels, ...scopeLabels(scope), ...volumeLabels(request) },
    }),
  );
}

export async function removeVolume({ docker: engine }: DockerConnection, scope: Scope, name: string): Promise<void> {
  const volume = engine.getVolume(name);
  const found = await dockerOr([404], undefined, () => volume.inspect());
  if (!found) return;
  mustBeOurs(found.Labels, scope, `the volume "${name}"`);
  await dockerOr([404], undefined, async () => void (await volume.remove()));
}

/**
 * The volumes without labels of the engine, including missing ones. One without a name that an own container mounts is
 * not adopted: Docker made it for a container of the environment, and its successors go on with it.
 */
export async function adoptedVolumes(
  connection: DockerConnection,
  scope: Scope,
  names: readonly string[],
): Promise<string[]> {
  const { docker: engine } = connection;
  const isAdopted = async (name: string) => {
    const found = await dockerOr([404], undefined, () => engine.getVolume(name).inspect());
    if (ownerOf(found?.Labels) !== '') return false;
    return !(found && isUnnamed(name) && (await isMountedByOwn(connection, scope, name)));
  };
  const adopted = await Promise.all(names.map(isAdopted));
  return names.filter((_, index) => adopted[index]);
}

async function isMountedByOwn({ docker: engine }: DockerConnection, scope: Scope, volume: string): Promise<boolean> {
  const found = await docker(() => engine.listContainers({ all: true, filters: { volume: [volume] } }));
  return found.some(({ Labels, Names }) => isOwn(scope, Labels, Names[0] ?? ''));
}

/**
 * Refuses volumes of other environments. A volume without the engine's labels was adopted by the stack; a missing one
 * is refused, because Docker would create it without labels.
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
