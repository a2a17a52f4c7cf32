import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isAlive, type ProcessIdentity } from '../../guard/process-identity';

const othersWrite = 0o002;

/** Folder with the state of `deploy-code dev`, below its working folder. */
export const stateFolder = '.deploy-code';

/** The record that a running `deploy-code dev` writes about itself. */
export interface DevelopmentEngine {
  address: string;
  ui: string;
  dataDir: string;
  pids: { dev: number };
  /** Identity of the process, because its ID may have been reused. */
  process?: ProcessIdentity;
}

export interface EngineRecord {
  engine: DevelopmentEngine;
  isRunning: boolean;
}

/** A record, and the folder in which the engine was started. */
export interface RememberedEngine extends EngineRecord {
  folder: string;
}

/** The running development engine of this folder or a parent folder; undefined if none runs. */
export function findDevelopmentEngine(from?: string): DevelopmentEngine | undefined {
  const found = rememberedEngine(from);
  return found?.isRunning ? found.engine : undefined;
}

/** Like {@link findDevelopmentEngine}, but also returns an engine that has stopped if none runs. */
export function rememberedEngine(from = process.cwd()): RememberedEngine | undefined {
  let ended: RememberedEngine | undefined;
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const found = readRecord(join(folder, stateFolder, 'dev.json'));
    if (found?.isRunning) return { folder, ...found };
    ended ??= found && { folder, ...found };
    if (dirname(folder) === folder) return ended;
  }
}

/**
 * Reads the record of a development engine, and whether the process that wrote it still runs. A file that other users
 * can write is not trusted: it could redirect requests to their server, and make us end other processes.
 */
export function readRecord(file: string): EngineRecord | undefined {
  const engine = isOwn(file) ? parsed(readFileSync(file, 'utf8')) : undefined;
  return engine && { engine, isRunning: isAlive(engine.process) && engine.process?.pid === engine.pids.dev };
}

/** True for a regular file of this user or root, in a folder of theirs, neither of which others can write. */
function isOwn(file: string): boolean {
  const [found, folder] = [
    lstatSync(file, { throwIfNoEntry: false }),
    lstatSync(dirname(file), { throwIfNoEntry: false }),
  ];
  if (!found?.isFile() || !folder?.isDirectory()) return false;
  return [found, folder].every(
    ({ uid, mode }) => [0, process.getuid?.() ?? 0].includes(uid) && (mode & othersWrite) === 0,
  );
}

/** Undefined if `deploy-code dev` did not write the text. */
function parsed(text: string): DevelopmentEngine | undefined {
  try {
    const engine = JSON.parse(text) as DevelopmentEngine;
    const { address, ui, dataDir, pids } = engine;
    return [address, ui, dataDir].every((each) => typeof each === 'string') &&
      Number.isSafeInteger(pids.dev) &&
      pids.dev > 1
      ? engine
      : undefined;
  } catch {
    return undefined;
  }
}
