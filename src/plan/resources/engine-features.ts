import { isCdiDevice } from '../../model/names/cdi';
import type { Service, ServiceMount, Stack } from '../../model/stack';
import type { Observation } from '../../model/observation';
import type { Refusal } from '../plan';

/** What a service asks of a Docker Engine and older ones lack, or ignore. */
interface Feature {
  key: string;
  name: string;
  /** The first version of the API that has it, and of Docker. */
  api: string;
  docker: number;
}

/** Whether a service asks for what only some Docker Engines have. */
export function asksOfEngine({ services }: Stack): boolean {
  return Object.values(services).some((service) => featuresOf(service).length > 0);
}

/** Refuses what the engine is too old for, before anything starts. */
export function refuseOldEngine({ services }: Stack, { api, capacity: { host } }: Observation): Refusal[] {
  if (api === undefined) return [];
  return Object.values(services).flatMap((service) =>
    featuresOf(service)
      .filter((feature) => isOlder(api, feature.api))
      .map(({ key, name, api: least, docker }) => ({
        path: `services.${service.name}.${key}`,
        message:
          `${name} needs Docker ${docker} (API ${least}), and ${host} has API ${api}; ` +
          'upgrade the engine, or remove it',
      })),
  );
}

function featuresOf({ mounts, devices = [] }: Service): Feature[] {
  const ofMounts = mounts.flatMap((mount, index) => {
    const feature = featureOf(mount);
    return feature ? [{ key: `volumes.${index}`, ...feature }] : [];
  });
  const cdi = devices.find(({ source }) => isCdiDevice(source))?.source;
  return [
    ...ofMounts,
    ...(cdi === undefined ? [] : [{ key: 'devices', name: `the CDI device ${cdi}`, api: '1.44', docker: 25 }]),
  ];
}

function featureOf(mount: ServiceMount): Omit<Feature, 'key'> | undefined {
  if (mount.type === 'image') return { name: 'a mount of an image', api: '1.48', docker: 28 };
  if (mount.type === 'bind')
    return mount.recursive === 'readonly' ? { name: 'recursive: readonly', api: '1.44', docker: 25 } : undefined;
  return mount.subpath === undefined ? undefined : { name: 'subpath of a volume', api: '1.45', docker: 26 };
}

/** Whether a version such as 1.9 is older than another one, such as 1.44. */
function isOlder(version: string, least: string): boolean {
  const [[major = 0, minor = 0], [leastMajor = 0, leastMinor = 0]] = [version, least].map((each) =>
    each.split('.').map(Number),
  ) as [number[], number[]];
  return major === leastMajor ? minor < leastMinor : major < leastMajor;
}
