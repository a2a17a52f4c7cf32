import type { Service, ServiceMount, VolumeMount } from '.';

type Mounting = Pick<Service, 'mounts' | 'replicas'>;

/** Keys of the volumes that services mount. */
export function mountedVolumes(services: readonly Mounting[]): Set<string> {
  return new Set(services.flatMap((service) => service.mounts.flatMap((mount) => volumesOfMount(mount, service))));
}

/** Keys of the volumes behind a mount of a service: one, or one for each replica. */
export function volumesOfMount(mount: ServiceMount, { replicas }: Pick<Service, 'replicas'>): string[] {
  if (mount.type !== 'volume') return [];
  if (!mount.perReplica) return [mount.volume];
  return Array.from({ length: Math.max(replicas, 1) }, (_, index) => volumeOfReplica(mount, index + 1));
}

/** Key of the volume that a replica mounts: `data`, and `data-2` for the second where each has one of its own. */
export function volumeOfReplica({ volume, perReplica }: VolumeMount, ordinal: number): string {
  return perReplica && ordinal > 1 ? `${volume}-${ordinal}` : volume;
}

const longestKey = 60;

/**
 * Key of the volume that stands for one without a name, so that its data outlives the container: `db-var-lib-data`.
 * Digits of `hash` are added where another service, path or volume could have that key too.
 */
export function anonymousVolume(
  service: string,
  target: string,
  declared: object,
  hash: (text: string) => string,
): string {
  const readable = `${service}${target}`.replace(/[^A-Za-z0-9_.]+/g, '-').replace(/-$/, '');
  const isOwn = /^[\w.]+(?:\/[\w.]+)+$/.test(`${service}${target}`) && !Object.hasOwn(declared, readable);
  if (isOwn && readable.length <= longestKey) return readable;
  const digits = hash(`${service}:${target}`).slice(0, 8);
  return `${readable.slice(0, longestKey - digits.length - 1)}-${digits}`;
}

/** True for the name of an anonymous volume of Docker. */
export function isUnnamed(volume: string): boolean {
  return /^[0-9a-f]{64}$/.test(volume);
}
