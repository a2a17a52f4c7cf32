import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isAlive, type ProcessIdentity } from '../guard/process-identity';

const othersWrite = 0o002;

/** Where `deploy-code dev` keeps its state, below the folder it is started in. */
export const stateFolder = '.deploy-code';

/** What a running `deploy-code dev` says about itself. */
export interface DevelopmentEngine {
  address: string;
  ui: string;
  dataDir: string;
  pids: { dev: number };
  /** Identity of the process: its number alone may be another one's by now. */
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

/** The development engine of this folder or one above it; undefined where none runs. */
export function findDevelopmentEngine(from?: string): DevelopmentEngine | undefined {
  const found = rememberedEngine(from);
  return found?.isRunning ? found.engine : undefined;
}

/** The same, also where it does not run any more; one that runs comes first. */
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
 * What the file of a development engine says, and whether the very process that wrote it still runs. A file that others
 * may write is not trusted: it would send requests to their server, and have their processes ended.
 */
export function readRecord(file: string): EngineRecord | undefined {
  const engine = isOwn(file) ? parsed(readFileSync(file, 'utf8')) : undefined;
  return engine && { engine, isRunning: isAlive(engine.process) && engine.process?.pid === engine.pids.dev };
}

/** A plain file of this user, or of root, in a folder of theirs; nobody else may write either. */
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

/** Nothing where it is not what `deploy-code dev` writes. */
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
