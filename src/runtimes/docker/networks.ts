import { RuntimeError, type NetworkRequest, type VolumeRequest } from '../runtime';
import type { DockerConnection } from './connection';
import { docker, dockerOr } from './errors';
import { ownerOf, project, scopeLabels, volumeLabels } from './labels';

export async function createNetwork({ docker: engine }: DockerConnection, request: NetworkRequest): Promise<void> {
  const { name, key, cidr, internal } = request;
  const found = await dockerOr([404], undefined, () => engine.getNetwork(name).inspect() as Promise<{ Labels?: Record<string, string> }>);
  if (found) return mustBeOurs(found.Labels, request, `the network "${name}"`);
  await docker(() =>
    engine.createNetwork({
      Name: name,
      CheckDuplicate: true,
      Driver: 'bridge',
      Internal: internal,
      IPAM: cidr ? { Config: [{ Subnet: cidr }] } : undefined,
      Labels: { ...scopeLabels(request), 'com.docker.compose.project': project(request), 'com.docker.compose.network': key },
    }),
  );
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
