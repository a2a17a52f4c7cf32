import type { Service, ServiceMount } from '.';

type VolumeMount = Extract<ServiceMount, { type: 'volume' }>;
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
