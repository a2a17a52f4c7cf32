import type { Stack } from '../../model/stack';
import { volumesOfMount } from '../../model/stack/mounted-volumes';
import { bare } from '../read/bare';

/** The volumes with those of further replicas. */
export function withReplicaVolumes({ volumes, services }: Stack): Stack['volumes'] {
  const further = Object.values(services).flatMap((service) =>
    service.mounts.flatMap((mount) => {
      const base = mount.type === 'volume' ? volumes[mount.volume] : undefined;
      if (mount.type !== 'volume' || !base) return [];
      const keys = volumesOfMount(mount, service).filter((key) => !Object.hasOwn(volumes, key));
      return keys.map((key) => {
        const name = base.name && base.name + key.slice(mount.volume.length);
        return [key, { ...base, name }] as const;
      });
    }),
  );
  return { ...volumes, ...bare(Object.fromEntries(further)) };
}
