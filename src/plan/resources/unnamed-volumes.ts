import type { Service, Stack } from '../../model/stack';
import type { ObservedInstance } from '../../model/observation';
import type { ObservationIndex } from '../observation-index';
import { acts, servicesOf, type PlannedPhase } from '../plan';
import { toTmpfs } from '../../model/stack/tmpfs';

/** True for the name of an anonymous volume of Docker. */
export function isUnnamed(volume: string): boolean {
  return /^[0-9a-f]{64}$/.test(volume);
}

/** Warns about images that declare volumes: Docker makes anonymous ones, which the next instance does not get. */
export function warnOfUnnamedVolumes(planned: PlannedPhase[], stack: Stack, known: ObservationIndex): string[] {
  const found = servicesOf(planned)
    .filter((service) => acts(service) && service.kind === 'service')
    .flatMap(({ name }) => {
      const service = stack.services[name];
      const paths = service ? notHeld(service, known) : [];
      return paths.length > 0 ? [`${name} (${paths.join(', ')})`] : [];
    });
  return found.length > 0
    ? [
        `data of ${found.join(', ')} is in anonymous volumes: a replaced ` +
          'instance starts empty; declare them under volumes to keep it',
      ]
    : [];
}

function notHeld({ image, mounts, tmpfs }: Service, known: ObservationIndex): string[] {
  const held = [...mounts.map(({ target }) => target), ...tmpfs.map((entry) => toTmpfs(entry).path)];
  return known
    .imageVolumes(image ?? '')
    .filter((path) => !held.some((target) => path === target || path.startsWith(`${target}/`)));
}

/** Notes about data that replaced or removed instances leave behind in anonymous volumes. */
export function noteUnnamedVolumes(replaced: readonly ObservedInstance[]): string[] {
  const left = replaced.flatMap(({ mounts }) =>
    mounts.flatMap((mount) =>
      mount.type === 'volume' && isUnnamed(mount.volume) ? [`${mount.target} (${mount.volume.slice(0, 12)}…)`] : [],
    ),
  );
  return left.length > 0 ? [`leaves the data of ${left.join(', ')} behind in an anonymous volume`] : [];
}
