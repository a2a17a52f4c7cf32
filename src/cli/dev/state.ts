import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  readRecord,
  stateFolder,
  type DevelopmentEngine,
  type EngineRecord,
} from '../../temporal/connection/development';
import { BadRequest } from '../../temporal/errors';

/** Files of a development engine, below its working folder. */
export const folder = resolve(stateFolder);
export const cacheFolder = join(folder, 'cache');
export const engineFolder = join(folder, 'engine');
/** Held by the engine of the folder, from its start to its end. */
export const lockFile = join(folder, 'dev.lock');
const record = join(folder, 'dev.json');

export function prepareFolders(): void {
  mkdirSync(engineFolder, { recursive: true, mode: 0o700 });
}

export function remember(engine: DevelopmentEngine): void {
  writeFileSync(record, JSON.stringify(engine, null, 2), { mode: 0o600 });
}

/** The engine of this folder, and whether it runs. @throws BadRequest if another user may have written the record */
export function recall(): EngineRecord | undefined {
  const found = readRecord(record);
  if (found) return found;
  if (!existsSync(record)) return undefined;
  throw new BadRequest(
    `${record} was not written by \`deploy-code dev\`, belongs to another user, or is writable by ` +
      `others; nothing was stopped. Check the file, and remove ${folder} if it is yours`,
  );
}

/** Deletes everything but the cached Temporal CLI. */
export function forget(): void {
  rmSync(record, { force: true });
  rmSync(engineFolder, { recursive: true, force: true });
}
