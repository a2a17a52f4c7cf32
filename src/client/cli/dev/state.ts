import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stateFolder, type DevelopmentEngine } from '../../development';

/** Files of a development engine, below the folder it is started in. */
export const folder = resolve(stateFolder);
export const cacheFolder = join(folder, 'cache');
export const engineFolder = join(folder, 'engine');
const record = join(folder, 'dev.json');

export function prepareFolders(): void {
  mkdirSync(engineFolder, { recursive: true, mode: 0o700 });
}

export function remember(engine: DevelopmentEngine): void {
  writeFileSync(record, JSON.stringify(engine, null, 2), { mode: 0o600 });
}

export function recall(): DevelopmentEngine | undefined {
  try {
    return JSON.parse(readFileSync(record, 'utf8')) as DevelopmentEngine;
  } catch {
    return undefined;
  }
}

/** Deletes everything but the cached Temporal CLI. */
export function forget(): void {
  rmSync(record, { force: true });
  rmSync(engineFolder, { recursive: true, force: true });
}
