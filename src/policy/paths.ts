import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, normalize, resolve, sep } from 'node:path';
import { fillIn, type Place } from './patterns';

/** Whether a path is a folder, or lies below it. */
export function isWithin(folder: string, path: string): boolean {
  const parent = normalize(`${folder}${sep}`);
  return normalize(`${path}${sep}`).startsWith(parent);
}

const mostLinks = 40;

/** Where a path leads, as far as this process can see. */
export interface Followed {
  path: string;
  /** False where this process may not look, or links go round in a circle: it may lead anywhere. */
  isSure: boolean;
}

/**
 * Where a path leads once symbolic links are followed, as far as it exists on this machine; links to nothing included.
 */
export async function follow(path: string): Promise<string> {
  return (await trace(path)).path;
}

/** The same, with whether that is all. */
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

/** Whether a path, as written and with its links followed, lies in one of these folders; not where nobody can tell. */
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
