import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { isWithin } from './paths';

/** A mount: the folder `root` of a file system, mounted at `target`. */
interface MountPoint {
  root: string;
  target: string;
}

/** The path of a volume's content, for any data folder of Docker or Podman. */
const volumeContent = /\/volumes\/([^/]+)\/_data(?=\/|$)/;

/** Names of the volumes that contain a folder of this process, or parts of it; none without `/proc`. */
export function readOwnVolumes(folder: string): string[] {
  try {
    return ownVolumes(realOf(folder), readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return [];
  }
}

/** Resolves links, unless the folder does not exist yet. */
function realOf(folder: string): string {
  return existsSync(folder) ? realpathSync(folder) : resolve(folder);
}

/** Like {@link readOwnVolumes}, with the text of `/proc/self/mountinfo` (proc_pid_mountinfo(5)). */
export function ownVolumes(folder: string, mountInfo: string): string[] {
  const mounts = mountInfo.split('\n').filter(Boolean).map(toMountPoint);
  const below = mounts.filter(({ target }) => isWithin(folder, target)).map(({ root }) => root);
  const names = [pathOnHost(folder, mounts), ...below].map(volumeOf);
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** The name of the volume that contains a path of the host. */
export function volumeOf(path: string): string | undefined {
  return volumeContent.exec(path)?.[1];
}

/** Path of a folder within its file system. If mounts cover each other, the last one is visible. */
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

/** Decodes spaces, tabs, line breaks and backslashes, which are written as octal codes such as `\040`. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
}
