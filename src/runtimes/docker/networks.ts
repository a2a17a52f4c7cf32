import { rangeForDocker } from './addresses';
import { RuntimeError, type NetworkRequest, type VolumeRequest } from '../runtime';
import type { DockerConnection } from './connection';
import { docker, dockerOr } from './errors';
import { ownerOf, project, scopeLabels, volumeLabels } from './labels';

export async function createNetwork(connection: DockerConnection, request: NetworkRequest): Promise<void> {
  const { docker: engine } = connection;
  const { name, key, cidr, internal } = request;
  const found = await dockerOr([404], undefined, () => engine.getNetwork(name).inspect() as Promise<{ Labels?: Record<string, string> }>);
  if (found) return mustBeOurs(found.Labels, request, `the network "${name}"`);
  const create = (subnet: string | undefined) =>
    engine.createNetwork({
      Name: name,
      CheckDuplicate: true,
      Driver: 'bridge',
      Internal: internal,
      IPAM: subnet ? { Config: [{ Subnet: subnet, IPRange: rangeForDocker(subnet) }] } : undefined,
      Labels: { ...scopeLabels(request), 'com.docker.compose.project': project(request), 'com.docker.compose.network': key },
    });
  await docker(async () => void (await create(cidr ?? (await freeRange(connection, create)))));
}

/** A range that Docker chooses. Only where it has been told a range does it let a container come back with the address it had. */
async function freeRange({ docker: engine }: DockerConnection, create: (subnet: undefined) => Promise<{ id: string }>): Promise<string | undefined> {
  const { id } = await create(undefined);
  const network = engine.getNetwork(id);
  const { IPAM } = (await network.inspect()) as { IPAM?: { Config?: { Subnet?: string }[] } };
  await network.remove();
  return IPAM?.Config?.find(({ Subnet }) => Subnet && !Subnet.includes(':'))?.Subnet;
}

export async function removeNetwork({ docker: engine }: DockerConnection, name: string): Promise<void> {
  await dockerOr([404], undefined, async () => void (await engine.getNetwork(name).remove()));
}

/** Volumes carry our labels only: compose's project label would let `docker compose down -v` take them. */
export async function createVolume({ docker: engine }: DockerConnection, request: VolumeRequest): Promise<void> {
  const found = await dockerOr([404], undefined, () => engine.getVolume(request.name).inspect());
  if (found) return mustBeOurs(found.Labels, request, `the volume "${request.name}"`);
  await docker(() => engine.createVolume({ Name: request.name, Labels: { ...scopeLabels(request), ...volumeLabels(request) } }));
}

export async function removeVolume({ docker: engine }: DockerConnection, name: string): Promise<void> {
  await dockerOr([404], undefined, async () => void (await engine.getVolume(name).remove()));
}

function mustBeOurs(labels: Record<string, string> | undefined, { stack, environment }: NetworkRequest | VolumeRequest, what: string): void {
  const owner = ownerOf(labels);
  if (owner !== `${stack}/${environment}`) throw new RuntimeError('software', `${what} exists and belongs to ${owner ? `stack ${owner}` : 'somebody else'}`);
}
