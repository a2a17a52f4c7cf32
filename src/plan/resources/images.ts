import type { Mount } from '../../model/instance';
import type { Service, ServiceMount } from '../../model/stack';
import { strategyOf } from '../strategies/strategy-of';

/** All images of a service: of its instances, of their mounts, and of its smoke test. */
export function imagesOf(service: Pick<Service, 'image' | 'mounts' | 'strategy'>): string[] {
  const strategy = strategyOf(service);
  const test = strategy.kind === 'blue_green' ? strategy.smokeTest?.image : undefined;
  return [service.image, ...mountedImages(service), test].filter((image): image is string => image !== undefined);
}

/** Images whose files are mounted. */
export function mountedImages({ mounts }: { mounts: readonly (Mount | ServiceMount)[] }): string[] {
  return mounts.flatMap((mount) => (mount.type === 'image' ? [mount.image] : []));
}
