import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, normalize, resolve, sep } from 'node:path';
import { fillIn, type Place } from './patterns';

/** Whether a path is a folder, or lies below it. */
export function isWithin(folder: string, path: string): boolean {
  const parent = normalize(`${folder}${sep}`);
  return normalize(`${path}${sep}`).startsWith(parent);
}

const mostLinks = 40;

/** Where a path leads once symbolic links are followed, as far as it exists on this machine; links to nothing included. */
export async function follow(path: string, links = mostLinks): Promise<string> {
  const parts: string[] = [];
  for (let existing = normalize(path); ; existing = dirname(existing)) {
    const real = await realpath(existing).catch(() => undefined);
    if (real !== undefined) return join(real, ...parts);
    const target = await readlink(existing).catch(() => undefined);
    if (target !== undefined && links > 0) return follow(join(resolve(dirname(existing), target), ...parts), links - 1);
    if (existing === dirname(existing)) return normalize(path);
    parts.unshift(basename(existing));
  }
}

/** Whether a path, both as written and with its links followed, lies in one of these folders. */
export async function isAllowedIn(folders: readonly string[], path: string, place: Place | undefined): Promise<boolean> {
  const filled = folders.map((folder) => fillIn(folder, place)).filter((folder) => folder !== undefined);
  const real = await follow(path);
  const targets = await Promise.all(filled.map((folder) => follow(folder)));
  const isWritten = [...filled, ...targets].some((folder) => isWithin(folder, path));
  return isWritten && targets.some((folder) => isWithin(folder, real));
}
