import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { isWithin } from './paths';

/** What the kernel says of one mount: a folder of a file system, and where it is seen. */
interface MountPoint {
  root: string;
  target: string;
}

/** The path of a volume's content, wherever Docker and Podman keep their volumes. */
const volumeContent = /\/volumes\/([^/]+)\/_data(?=\/|$)/;

/** Names of the volumes that hold this process's folder, or parts of it; none where it is told of no mounts. */
export function readOwnVolumes(folder: string): string[] {
  try {
    return ownVolumes(realOf(folder), readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return [];
  }
}

/** A folder that is yet to be made is what it says. */
function realOf(folder: string): string {
  return existsSync(folder) ? realpathSync(folder) : resolve(folder);
}

/** The same, by the text of `/proc/self/mountinfo` (proc_pid_mountinfo(5)). */
export function ownVolumes(folder: string, mountInfo: string): string[] {
  const mounts = mountInfo.split('\n').filter(Boolean).map(toMountPoint);
  const below = mounts.filter(({ target }) => isWithin(folder, target)).map(({ root }) => root);
  const names = [pathOnHost(folder, mounts), ...below].map(volumeOf);
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** The volume that a path of the host leads into. */
export function volumeOf(path: string): string | undefined {
  return volumeContent.exec(path)?.[1];
}

/** Where a folder lies on the file system that holds it. Of mounts over each other the last one is seen. */
function pathOnHost(folder: string, mounts: MountPoint[]): string {
  const holding = mounts.filter(({ target }) => isWithin(target, folder));
  const later = (best: MountPoint, each: MountPoint) => (each.target.length >= best.target.length ? each : best);
  const nearest = holding.reduce(later, { root: '/', target: '/' });
  return posix.join(nearest.root, posix.relative(nearest.target, folder));
}

function toMountPoint(line: string): MountPoint {
  const [, , , root = '', target = ''] = line.split(' ').map(unescaped);
  return { root, target };
}

/** Spaces, tabs, line ends and backslashes are written as `\040` and the like. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
}
