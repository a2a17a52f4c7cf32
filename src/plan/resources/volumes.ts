import { hasWorkloads } from '../../model/runtimes';
import type { VolumeSpec } from '../../model/resources';
import type { Service, Stack } from '../../model/stack';
import { volumesOfMount } from '../../model/stack/mounted-volumes';
import type { Observation, ObservedVolume } from '../../model/observation';
import { volumeName } from '../names';
import type { Refusal } from '../plan';

export interface VolumePlan {
  create: VolumeSpec[];
  refusals: Refusal[];
}

/** Plans the volumes to create, and refuses volumes that the environment may not mount. */
export function planVolumes(stack: Stack, observation: Observation): VolumePlan {
  const create: VolumeSpec[] = [];
  const refusals: Refusal[] = [];
  const owner = `${stack.name}/${stack.environment}`;
  for (const [key, volume] of Object.entries(stack.volumes)) {
    const { external, size, storageClass, shared, driver, driverOptions, secrets, labels } = volume;
    const name = volumeName(stack, key);
    const path = `volumes.${key}`;
    const found = observation.volumes.find((volume) => volume.name === name);
    if (!found) {
      if (external)
        refusals.push({
          path,
          message:
            `the external volume "${name}" does not exist on the host; create ` +
            'it, or remove external to start with an empty one',
        });
      else
        create.push({
          name,
          key,
          mountedAt: mountsOf(stack, key),
          ...(hasWorkloads(stack) && { size, storageClass, shared }),
          ...(driver !== undefined && { driver }),
          ...(driverOptions && { driverOptions }),
          ...(secrets && { secrets }),
          ...(labels && { labels }),
        });
    } else if (found.owner && found.owner !== owner) {
      refusals.push({
        path,
        message:
          `the volume "${name}" belongs to ${found.owner}; choose another name: ` +
          'an environment cannot mount the volume of another one',
      });
    } else {
      if (!found.owner && !external) refusals.push({ path, message: notAdopted(key, found) });
      if (found.writers?.length && !shared && writes(stack, key))
        refusals.push({
          path,
          message:
            `the container ${found.writers.join(', ')} writes to the volume ` +
            `"${name}"; stop it first: a volume can have only one writer`,
        });
    }
  }
  refusals.push(
    ...Object.values(stack.services).flatMap((service) => refuseRenamed(service, stack, observation, create)),
  );
  return { create, refusals };
}

function notAdopted(key: string, { name, compose }: ObservedVolume): string {
  if (compose === undefined)
    return (
      `the volume "${name}" exists, but the engine did not create it; ` +
      'set external: true to adopt it, or choose another name'
    );
  return (
    `the volume "${name}" was made by \`docker compose\`, and holds the data of its project ${compose}; to use it, ` +
    `run \`docker compose -p ${compose} stop\`, and add to the Compose file ` +
    `x-deploy-code: {volumes: {${key}: {external: true}}}, or in a stack file external: true`
  );
}

function writes(stack: Stack, volume: string): boolean {
  return Object.values(stack.services).some((service) =>
    service.mounts.some((mount) => !mount.readOnly && volumesOfMount(mount, service).includes(volume)),
  );
}

function mountsOf(stack: Stack, volume: string): string[] {
  return Object.values(stack.services).flatMap((service) =>
    service.mounts
      .filter((mount) => volumesOfMount(mount, service).includes(volume))
      .map(({ target }) => `${service.name}:${target}`),
  );
}

/** Refuses, without `--force`, a service that had data at a path and would get an empty volume there. */
function refuseRenamed(service: Service, stack: Stack, observation: Observation, create: VolumeSpec[]): Refusal[] {
  return service.mounts.flatMap((mount, index) => {
    if (mount.type !== 'volume') return [];
    const name = volumeName(stack, mount.volume);
    if (!create.some((volume) => volume.name === name)) return [];
    const old = volumeBefore(service.name, mount.target, name, stack, observation);
    if (old === undefined) return [];
    const message =
      `${mount.target} would be NEW, EMPTY: the volume "${name}" does not exist; ` +
      `the old one, "${old}", is kept. Pass --force to start with an empty volume`;
    const path = mount.ofImage ? 'image_volumes' : `volumes.${index}`;
    return [{ path: `services.${service.name}.${path}`, message, forceable: true }];
  });
}

/** The previous volume of a service at a path, from its instances or from volume labels. */
function volumeBefore(
  service: string,
  path: string,
  name: string,
  stack: Stack,
  { instances, volumes }: Observation,
): string | undefined {
  const mounted = instances
    .filter((instance) => instance.service === service)
    .flatMap(({ mounts }) => mounts)
    .find((mount) => mount.type === 'volume' && mount.target === path && mount.volume !== name);
  if (mounted?.type === 'volume') return mounted.volume;
  const named = new Set(Object.keys(stack.volumes).map((key) => volumeName(stack, key)));
  return volumes.find(
    (volume) =>
      volume.owner === `${stack.name}/${stack.environment}` &&
      !named.has(volume.name) &&
      volume.mountedAt?.includes(`${service}:${path}`),
  )?.name;
}
