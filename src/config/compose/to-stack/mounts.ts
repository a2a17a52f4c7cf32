import { list, type Data } from '../canonical/values';
import { toVolumesFrom } from '../implied';
import type { Part } from './part';
import { dataOf } from './values';

/** Mounts of a service and of those whose volumes it takes; a mount in memory becomes a `tmpfs`. */
export function toMounts(part: Part): Data {
  const { name, service, relations, notes } = part;
  const mounts = relations.mounts[name]!;
  for (const [index, text] of list(service.volumes_from ?? []).entries())
    if (!Object.hasOwn(relations.project.services, toVolumesFrom(text).service ?? ''))
      notes.refuse(['volumes_from', index], 'takes the volumes of a container of somebody else; mount them by name');
  const inMemory = mounts.filter(({ type }) => type === 'tmpfs').map(toTmpfs);
  const volumes = mounts.filter(({ type }) => type !== 'tmpfs').flatMap((mount) => toMount(mount, part));
  const tmpfs = [...list(part.service.tmpfs ?? []).map(toText), ...inMemory];
  return { ...(volumes.length > 0 && { volumes }), ...(tmpfs.length > 0 && { tmpfs }) };
}

/** A tmpfs without options may end in a colon. */
function toText(tmpfs: unknown): string {
  return String(tmpfs).replace(/:$/, '');
}

function toTmpfs({ target, read_only: readOnly, tmpfs }: Data): string {
  const { size, mode } = (tmpfs ?? {}) as Data;
  const options = [
    ...(size === undefined ? [] : [`size=${String(size).replace(/i?b$/i, '')}`]),
    ...(mode === undefined ? [] : [`mode=${String(mode)}`]),
    ...(readOnly === true ? ['ro'] : []),
  ];
  return options.length > 0 ? `${String(target)}:${options.join(',')}` : String(target);
}

function toMount(mount: Data, { notes }: Part): Data[] {
  const { type, source, target, read_only: readOnly, bind, volume, image, perReplica } = mount;
  if (type === 'npipe' || type === 'cluster') {
    notes.refuse(['volumes'], `${String(target)} has the type ${String(type)}, which is not supported`);
    return [];
  }
  const options = {
    ...(readOnly === true && { read_only: true }),
    ...bindOf(bind, type, notes),
    ...volumeOf(volume, perReplica, notes),
    ...(type === 'image' && Object.keys(dataOf(image)).length > 0 && { image }),
  };
  return [{ type, source, target, ...options }];
}

function bindOf(bind: unknown, type: unknown, notes: Part['notes']): Data {
  const kept = dataOf(bind);
  if (type !== 'bind' && kept.selinux !== undefined)
    notes.ignore(['volumes'], 'z and Z have no effect on a volume: Docker labels it by itself');
  return type === 'bind' && Object.keys(kept).length > 0 ? { bind: kept } : {};
}

function volumeOf(volume: unknown, perReplica: unknown, notes: Part['notes']): Data {
  const { labels, ...own } = dataOf(volume);
  const kept = { ...own, ...(perReplica === true && { per_replica: true }) };
  if (labels !== undefined) notes.ignore(['volumes'], 'labels of a mount are for volumes without a name');
  return Object.keys(kept).length > 0 ? { volume: kept } : {};
}
