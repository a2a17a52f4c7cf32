import type { Service } from '../../model/stack';
import type { Change } from '../plan';

/** Notes about a replacement that cannot be undone. */
export function replaceNotes(service: Service, changes: Change[]): string[] {
  const holdsData = service.mounts.some((mount) => mount.type === 'volume' && !mount.readOnly);
  return holdsData && changes.some(({ key }) => key === 'image')
    ? ['one-way: the new image may change the data of its volume in a way that the old one cannot read']
    : [];
}
