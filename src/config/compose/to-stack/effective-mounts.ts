import { createHash } from 'node:crypto';
import { anonymousVolume } from '../../../model/stack/mounted-volumes';
import { list, type Data } from '../canonical/values';
import { toVolumesFrom } from '../implied';
import type { ComposeProject } from '../project';
import { listOf } from './values';

/**
 * The mounts of each service and of those whose volumes it takes, one for each target. Every volume has a name; one
 * that the file does not name has `perReplica`: each replica has its own. Of a cycle, which is refused elsewhere, each
 * service has some.
 */
export function effectiveMounts({ services, volumes: declared }: ComposeProject): Record<string, Data[]> {
  const known = new Map<string, Data[]>();
  const visit = (name: string): Data[] => {
    if (known.has(name)) return known.get(name)!;
    known.set(name, []);
    const { volumes, volumes_from: sources } = services[name]!;
    const borrowed = list(sources ?? []).flatMap((text) => {
      const { service: other, isReadOnly } = toVolumesFrom(text);
      if (other === undefined || !Object.hasOwn(services, other)) return [];
      const mounts = visit(other).flatMap(({ perReplica: _, ...mount }) => (mount.type === 'tmpfs' ? [] : [mount]));
      return isReadOnly ? mounts.map((mount) => ({ ...mount, read_only: true })) : mounts;
    });
    const own = listOf(volumes).map((mount) => withName(mount, name, declared));
    const mounts = [...new Map([...borrowed, ...own].map((mount) => [mount.target, mount])).values()];
    known.set(name, mounts);
    return mounts;
  };
  return Object.fromEntries(Object.keys(services).map((name) => [name, visit(name)]));
}

function withName(mount: Data, service: string, declared: Record<string, Data>): Data {
  if (mount.type !== 'volume' || mount.source !== undefined) return mount;
  return { ...mount, source: anonymousVolume(service, String(mount.target), declared, sha256), perReplica: true };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
