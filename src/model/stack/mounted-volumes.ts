import type { Service } from '.';

/** Keys of the volumes that services mount. */
export function mountedVolumes(services: readonly Pick<Service, 'mounts'>[]): Set<string> {
  return new Set(
    services.flatMap(({ mounts }) => mounts.flatMap((mount) => (mount.type === 'volume' ? [mount.volume] : []))),
  );
}
