import { randomBytes, randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

const keyBytes = 32;
const largest = 4096;

/** The key is unsafe or unusable. Anybody who knows it can test guesses of secrets against fingerprints. */
export class InstallationKeyProblem extends Error {}

/** The first key is the current one: it seals, signs and compares. The former ones only open and verify. */
export type InstallationKeys = readonly [current: Buffer, ...former: Buffer[]];

/**
 * The current key and the former ones, the files in `DEPLOY_CODE_FORMER_KEY_FILES` (separated by `:`).
 * @throws InstallationKeyProblem if a file is empty, too short, or accessible to others, or a former one is missing
 */
export function installationKeys(dataDir: string): InstallationKeys {
  const former = (process.env.DEPLOY_CODE_FORMER_KEY_FILES ?? '').split(delimiter).filter(Boolean);
  return [installationKey(dataDir), ...former.map(formerKey)];
}

/** Reads the key, or creates it at the first start of a worker; a fleet shares it by sharing the file. */
function installationKey(dataDir: string): Buffer {
  const file = process.env.DEPLOY_CODE_KEY_FILE || join(dataDir, 'installation.key');
  return keyIn(file, lookAt(file) ?? make(file));
}

function formerKey(file: string): Buffer {
  const found = lookAt(file);
  if (found) return keyIn(file, found);
  throw new InstallationKeyProblem(
    `DEPLOY_CODE_FORMER_KEY_FILES names ${file}, which does not exist; correct the path, or remove it from the list`,
  );
}

function keyIn(file: string, found: ReturnType<typeof read>): Buffer {
  const problem = problemOf(found);
  if (problem) throw new InstallationKeyProblem(`the installation key ${file} ${problem}`);
  try {
    return readFileSync(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function problemOf({ size, mode, uid, gid, isFile }: ReturnType<typeof read>): string | undefined {
  if (!isFile) return 'is not a file; set DEPLOY_CODE_KEY_FILE to a file of at least 32 random bytes';
  const restore =
    'restore it from a backup, or remove it so that the worker creates a ' +
    'new one (every service with a secret is then replaced once)';
  if (size === 0) return `is empty; ${restore}`;
  if (size < keyBytes) return `has ${size} bytes, fewer than the required ${keyBytes}; ${restore}`;
  if (size > largest) return `has ${size} bytes, more than the allowed ${largest}; check that it is the right file`;
  const self = process.geteuid?.();
  if (self !== undefined && self !== 0 && uid !== self && uid !== 0)
    return `belongs to the user ${uid}, who may change it; make the worker's user, ${self}, its owner`;
  if (mode & 0o007 || (mode & 0o070 && !isLentByGroup({ mode, uid, gid })))
    return (
      `is accessible to others (mode ${(mode & 0o777).toString(8).padStart(4, '0')}); run ` +
      'chmod 600 on it, and replace it if others may have read it'
    );
  return undefined;
}

/** True for a mounted Kubernetes Secret of a non-root pod: root owns it, and the pod's group can read it. */
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

/** Creates the key atomically, so that workers that start at the same time use the same one. */
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
    `the installation key ${file} cannot be read or created ` +
      `(${(error as NodeJS.ErrnoException).code}); the worker's user needs a data folder of its own (--data-dir)`,
    { cause: error },
  );
}
