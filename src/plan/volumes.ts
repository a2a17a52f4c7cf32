import type { Service, Stack } from '../config/stack';
import type { Observation } from '../model/observation';
import { volumeName } from './names';
import type { Refusal, VolumeSpec } from './plan';

export interface VolumePlan {
  create: VolumeSpec[];
  refusals: Refusal[];
}

/** Which volumes to create, and whether each that exists is this environment's to mount. */
export function planVolumes(stack: Stack, observation: Observation): VolumePlan {
  const create: VolumeSpec[] = [];
  const refusals: Refusal[] = [];
  const owner = `${stack.name}/${stack.environment}`;
  for (const [key, { external }] of Object.entries(stack.volumes)) {
    const name = volumeName(stack, key);
    const path = `volumes.${key}`;
    const found = observation.volumes.find((volume) => volume.name === name);
    if (!found) {
      if (external) refusals.push({ path, message: `the external volume "${name}" does not exist on the host; create it, or remove external to start with an empty one` });
      else create.push({ name, key });
    } else if (found.owner && found.owner !== owner) {
      refusals.push({ path, message: `the volume "${name}" belongs to ${found.owner}; an environment never mounts another's volume` });
    } else if (found.writers?.length && !stack.volumes[key]!.shared && writes(stack, key)) {
      refusals.push({ path, message: `the container ${found.writers.join(', ')} writes to the volume "${name}"; stop it first: one writer a volume` });
    } else if (!found.owner && !external) {
      refusals.push({ path, message: `the volume "${name}" exists and is not the engine's; say external: true to adopt it, or choose another name` });
    }
  }
  refusals.push(...Object.values(stack.services).flatMap((service) => refuseRenamed(service, stack, observation, create)));
  return { create, refusals };
}

function writes(stack: Stack, volume: string): boolean {
  return Object.values(stack.services).some(({ mounts }) => mounts.some((mount) => mount.type === 'volume' && mount.volume === volume && !mount.readOnly));
}

/** A service that had data at a path, and would find an empty volume there, is refused without `--force`. */
function refuseRenamed(service: Service, stack: Stack, observation: Observation, create: VolumeSpec[]): Refusal[] {
  const before = observation.instances.filter((instance) => instance.service === service.name).flatMap((instance) => instance.mounts);
  return service.mounts.flatMap((mount, index) => {
    if (mount.type !== 'volume') return [];
    const name = volumeName(stack, mount.volume);
    const old = before.find((each) => each.type === 'volume' && each.target === mount.target && each.volume !== name);
    if (!old || old.type !== 'volume' || !create.some((volume) => volume.name === name)) return [];
    const message = `${mount.target} would be NEW, EMPTY: the volume "${name}" does not exist; the old one, "${old.volume}", is kept. Pass --force if that is meant`;
    return [{ path: `services.${service.name}.volumes.${index}`, message, forceable: true }];
  });
}
