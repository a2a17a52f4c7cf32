import Docker from 'dockerode';
import { stackOf, uniqueName } from './stack';
import { images } from './image';
import type { Stack } from '../../src/config';

export const docker = new Docker();

type Data = Record<string, unknown>;

/** "The same listing": ids, names, images, states, ports, mounts and labels of everything of a stack. */
export async function listing(stack: string): Promise<unknown[]> {
  const filters = { label: [`deploy-code.stack=${stack}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const networks = await docker.listNetworks({ filters });
  return [
    ...containers.map(({ Id, Names, Image, State, Ports, Mounts, Labels }) => ({
      Id,
      Names,
      Image,
      State,
      Ports: Ports.map(({ PublicPort }) => PublicPort).sort((a, b) => (a ?? 0) - (b ?? 0)),
      Mounts: Mounts.map(({ Name }) => Name),
      Labels,
    })),
    ...networks.map(({ Id, Name }) => ({ Id, Name })),
    ...(await volumesOf(stack)).map(({ Name }) => ({ Name })),
  ].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** `api-1-d2 running`, sorted. */
export async function states(stack: string): Promise<string[]> {
  const containers = await docker.listContainers({ all: true, filters: { label: [`deploy-code.stack=${stack}`] } });
  return containers.map(({ Names, State }) => `${Names[0]!.replace(/^\/.*-test-/, '')} ${State}`).sort();
}

/** Docker 20.10 under load may count endpoints of a network whose containers are gone, until it is restarted. */
export const isMiscounted = (message: string): boolean => message.includes('has active endpoints');

/** Removes everything of a stack, whatever state a failed test left it in. */
export async function wipe(stack: string): Promise<void> {
  const filters = { label: [`deploy-code.stack=${stack}`] };
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  for (const { Id } of await docker.listNetworks({ filters }))
    await docker
      .getNetwork(Id)
      .remove()
      .catch((error: Error) => (isMiscounted(error.message) ? undefined : Promise.reject(error)));
  for (const { Name } of await volumesOf(stack)) await docker.getVolume(Name).remove();
  const held = await docker.listImages({ filters: { reference: [`deploy-code/*:${stack}-*`] } });
  for (const name of held.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => tag.includes(`:${stack}-`)))
    await docker.getImage(name).remove();
}

async function volumesOf(stack: string): Promise<{ Name: string }[]> {
  const { Volumes } = await docker.listVolumes();
  return (Volumes ?? []).filter(({ Labels }) => Labels?.['deploy-code.stack'] === stack);
}

export const healthy = { health_check: { http: ':8080/healthz', interval: '500ms' }, stop_grace_period: '2s' };

/** A stack of real containers of the tests' image. */
export function dockerStack(services: Data, more: Data = {}): Stack {
  return stackOf({ name: uniqueName('it'), environment: 'test', deployment: { max_parallel: 8 }, services, ...more });
}

/** `count` services in `phases`, each depending on one of the phase before; `change` alters one of them. */
export function layered(count: number, phases: number, change: (index: number) => Data = () => ({})): Data {
  const perPhase = count / phases;
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const phase = Math.floor(index / perPhase);
      const dependency =
        phase === 0
          ? {}
          : {
              depends_on: { [`s${index - perPhase}`]: 'healthy' },
              environment: { DEPENDS: `http://s${index - perPhase}:8080/healthz` },
            };
      return [`s${index}`, { image: images.app, ...healthy, ...dependency, ...change(index) }];
    }),
  );
}
