import type { Service, Stack } from '../../model/stack';
import type { InstanceSpec } from '../../model/instance';
import type { ObservedInstance } from '../../model/observation';
import type { ObservationIndex } from '../observation-index';
import { acts, servicesOf, type PlannedPhase } from '../plan';
import { isUnnamed } from '../../model/stack/mounted-volumes';
import { withoutEndingSlash } from '../../model/text/path';
import { toTmpfs } from '../../model/stack/tmpfs';

/** Warns about images that declare volumes: Docker makes anonymous ones, which the next instance does not get. */
export function warnOfUnnamedVolumes(planned: PlannedPhase[], stack: Stack, known: ObservationIndex): string[] {
  const found = servicesOf(planned)
    .filter((service) => acts(service) && service.kind === 'service')
    .flatMap(({ name }) => {
      const service = stack.services[name];
      const paths = service ? uncovered(service, known) : [];
      return paths.length > 0 ? [`${name} (${paths.join(', ')})`] : [];
    });
  return found.length > 0
    ? [
        `data of ${found.join(', ')} is in anonymous volumes: a replaced ` +
          'instance starts empty; declare them under volumes, or set image_volumes: keep',
      ]
    : [];
}

/** Paths at which Docker makes an anonymous volume: those of the image at which the file mounts nothing. */
export function uncovered({ image, mounts, tmpfs }: Service, images: Pick<ObservationIndex, 'imageVolumes'>): string[] {
  const covered = new Set(
    [...mounts.map(({ target }) => target), ...tmpfs.map((entry) => toTmpfs(entry).path)].map(withoutEndingSlash),
  );
  const declared = images.imageVolumes(image ?? '').filter((path) => path.startsWith('/'));
  return [...new Set(declared.map(withoutEndingSlash))].filter((path) => !covered.has(path));
}

/** Notes about data that replaced or removed instances leave behind in volumes that none of the new ones mounts. */
export function noteUnnamedVolumes(
  replaced: readonly Pick<ObservedInstance, 'mounts'>[],
  next: readonly Pick<InstanceSpec, 'mounts'>[] = [],
): string[] {
  const kept = new Set(next.flatMap(({ mounts }) => mounts.map((mount) => mount.type === 'volume' && mount.volume)));
  const left = replaced.flatMap(({ mounts }) =>
    mounts.flatMap((mount) =>
      mount.type === 'volume' && isUnnamed(mount.volume) && !kept.has(mount.volume)
        ? [`${mount.target} (${mount.volume.slice(0, 12)}…)`]
        : [],
    ),
  );
  return left.length > 0 ? [`leaves the data of ${left.join(', ')} behind in an anonymous volume`] : [];
}
