import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, normalize, resolve, sep } from 'node:path';
import { fillIn, type Place } from './patterns';

/** True if a path is the folder, or below it. */
export function isWithin(folder: string, path: string): boolean {
  const parent = normalize(`${folder}${sep}`);
  return normalize(`${path}${sep}`).startsWith(parent);
}

const mostLinks = 40;

/** A path with its symbolic links followed, as far as this process can read them. */
export interface Followed {
  path: string;
  /** False if a part is not readable or the links are circular: the path may lead anywhere. */
  isSure: boolean;
}

/** Follows the symbolic links of a path, as far as it exists on this machine, including dangling links. */
export async function follow(path: string): Promise<string> {
  return (await trace(path)).path;
}

/** Like {@link follow}, and tells whether the result is certain. */
export async function trace(path: string, links = mostLinks): Promise<Followed> {
  const parts: string[] = [];
  let isSure = true;
  for (let existing = normalize(path); ; existing = dirname(existing)) {
    const real = await realpath(existing).catch((error: NodeJS.ErrnoException) => {
      isSure &&= isAbsence(error);
      return undefined;
    });
    if (real !== undefined) return { path: join(real, ...parts), isSure };
    const target = await readlink(existing).catch(() => undefined);
    if (target !== undefined && links > 0) {
      const further = await trace(join(resolve(dirname(existing), target), ...parts), links - 1);
      return { path: further.path, isSure: isSure && further.isSure };
    }
    if (existing === dirname(existing)) return { path: normalize(path), isSure };
    parts.unshift(basename(existing));
  }
}

function isAbsence({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** True if a path is within the folders, both as written and with its links followed. False if that is uncertain. */
export async function isAllowedIn(
  folders: readonly string[],
  path: string,
  place: Place | undefined,
): Promise<boolean> {
  const filled = folders.map((folder) => fillIn(folder, place)).filter((folder) => folder !== undefined);
  const { path: real, isSure } = await trace(path);
  if (!isSure) return false;
  const targets = await Promise.all(filled.map((folder) => follow(folder)));
  const isWritten = [...filled, ...targets].some((folder) => isWithin(folder, path));
  return isWritten && targets.some((folder) => isWithin(folder, real));
}
