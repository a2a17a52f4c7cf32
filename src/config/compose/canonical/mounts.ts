import { posix } from 'node:path';
import { Malformed } from '../../normalise/words';
import { isData } from '../../read/overlay';
import { optionsOfModes } from './mount-modes';
import { attempt, type Report } from './report';
import { mapping, octal, type Data } from './values';

/** `volumes` of a service in the long form. */
export function toMounts(mounts: unknown[], report: Report): Data[] {
  return mounts.flatMap((mount, index) => {
    const long = isData(mount) ? mount : attempt(report, [index], () => fromShort(String(mount)));
    if (!long) return [];
    if (long.type === 'bind' && long.source === undefined) {
      report([index], 'has no source; write the path on the host');
      return [];
    }
    return attempt(report, [index], () => [withDefaults(long)]) ?? [];
  });
}

function withDefaults(mount: Data): Data {
  const target = posix.normalize(String(mount.target));
  const bind = mount.type === 'bind' ? { bind: { create_host_path: true, ...(mount.bind as Data | undefined) } } : {};
  const { tmpfs, volume } = mount;
  return {
    ...mount,
    target: target.length > 1 ? target.replace(/\/$/, '') : target,
    ...bind,
    ...(isData(tmpfs) && tmpfs.mode !== undefined && { tmpfs: { ...tmpfs, mode: octal(tmpfs.mode) } }),
    ...(isData(volume) && volume.labels !== undefined && { volume: { ...volume, labels: mapping(volume.labels) } }),
  };
}

/** `[SOURCE:]TARGET[:OPTION,…]`; without a source, an anonymous volume. */
function fromShort(text: string): Data {
  const parts = splitAtColons(text);
  if (parts.length > 3 || parts.some((part) => part === ''))
    throw new Malformed(`${JSON.stringify(text)} is not a mount; write "name:/path", "/host/path:/path:ro" or "/path"`);
  const [first, second, modes] = parts as [string, string?, string?];
  const source = second === undefined ? undefined : first;
  const isBind = source !== undefined && isPath(source);
  // Compose ignores modes that it does not know, such as `cached` and `delegated`.
  const { read_only, bind, volume } = optionsOfModes((modes ?? '').split(','));
  return {
    type: isBind ? 'bind' : 'volume',
    ...(source !== undefined && { source }),
    target: second ?? first,
    ...(read_only === true && { read_only }),
    ...(isBind ? { bind: { create_host_path: true, ...bind } } : bind && { bind }),
    ...(!isBind && volume && { volume }),
  };
}

const drive = /^[A-Za-z]:(?:\\|\/[^:]*:\/)/;

/** The drive of a Windows path (`C:\data`) is not a part of its own; a volume may have a name of one letter. */
function splitAtColons(text: string): string[] {
  const cut = text.indexOf(':', drive.test(text) ? 2 : 0);
  return cut < 0 ? [text] : [text.slice(0, cut), ...splitAtColons(text.slice(cut + 1))];
}

function isPath(source: string): boolean {
  return /^[./~]/.test(source) || source.startsWith('\\\\') || /^[A-Za-z]:[\\/]/.test(source);
}

/** `devices` in the long form. */
export function toDevices(devices: unknown[]): Data[] {
  return devices.map((device) => {
    if (isData(device)) return device;
    const [source = '', target = source, permissions = 'rwm'] = String(device).split(':');
    return { source, target: target || source, permissions };
  });
}
