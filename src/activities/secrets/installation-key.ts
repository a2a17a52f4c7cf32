import { randomBytes, randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const keyBytes = 32;
const largest = 4096;

/** Whoever knows the key tells secrets by their fingerprints: one that is not safe is not used. */
export class InstallationKeyProblem extends Error {}

/**
 * Made at the first start of a worker; a fleet shares it by sharing the file.
 * @throws InstallationKeyProblem where it is empty, too short, or open to others
 */
export function installationKey(dataDir: string): Buffer {
  const file = process.env.DEPLOY_CODE_KEY_FILE || join(dataDir, 'installation.key');
  const found = lookAt(file) ?? make(file);
  const problem = problemOf(found);
  if (problem) throw new InstallationKeyProblem(`the installation key ${file} ${problem}`);
  try {
    return readFileSync(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function problemOf({ size, mode, uid, gid, isFile }: ReturnType<typeof read>): string | undefined {
  if (!isFile) return 'is no file; name a file of at least 32 random bytes with DEPLOY_CODE_KEY_FILE';
  const restore =
    'restore it from a backup; without one remove it, and the worker makes a ' +
    'new one (every service with a secret is then replaced once)';
  if (size === 0) return `is empty; ${restore}`;
  if (size < keyBytes) return `has ${size} bytes, and ${keyBytes} are the least; ${restore}`;
  if (size > largest) return `has ${size} bytes, and ${largest} are the most; is it the right file?`;
  const self = process.geteuid?.();
  if (self !== undefined && self !== 0 && uid !== self && uid !== 0)
    return `belongs to the user ${uid}, who may change it; let it belong to the worker's user, ${self}`;
  if (mode & 0o007 || (mode & 0o070 && !isLentByGroup({ mode, uid, gid })))
    return (
      `is open to others (mode ${(mode & 0o777).toString(8).padStart(4, '0')}); run ` +
      'chmod 600 on it, and make a new one if others may have read it'
    );
  return undefined;
}

/** A cluster mounts a Secret so for a pod that is not root: it belongs to root, and the pod's group reads it. */
function isLentByGroup({ mode, uid, gid }: Pick<Stats, 'mode' | 'uid' | 'gid'>): boolean {
  return (
    uid !== process.geteuid?.() &&
    (mode & 0o030) === 0 &&
    [process.getegid?.(), ...(process.getgroups?.() ?? [])].includes(gid)
  );
}

function lookAt(file: string): ReturnType<typeof read> | undefined {
  try {
    return read(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(file, error);
  }
}

function read(file: string): Pick<Stats, 'size' | 'mode' | 'uid' | 'gid'> & { isFile: boolean } {
  const stats = statSync(file);
  return { size: stats.size, mode: stats.mode, uid: stats.uid, gid: stats.gid, isFile: stats.isFile() };
}

/** Whole or not at all: workers that start at once find one key. */
function make(file: string): ReturnType<typeof read> {
  const temporary = `${file}.${randomUUID()}`;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(temporary, randomBytes(keyBytes), { mode: 0o600, flag: 'wx' });
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unreadable(file, error);
  } finally {
    rmSync(temporary, { force: true });
  }
  return read(file);
}

function unreadable(file: string, error: unknown): InstallationKeyProblem {
  return new InstallationKeyProblem(
    `the installation key ${file} cannot be read or made ` +
      `(${(error as NodeJS.ErrnoException).code}); the worker's user needs a data folder of its own (--data-dir)`,
    { cause: error },
  );
}
