import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Where `deploy-code dev` keeps its state, below the folder it is started in. */
export const stateFolder = '.deploy-code';

/** What a running `deploy-code dev` says about itself. */
export interface DevelopmentEngine {
  address: string;
  ui: string;
  dataDir: string;
  pids: { dev: number };
}

/** The development engine of this folder or one above it; undefined where none runs. */
export function findDevelopmentEngine(from = process.cwd()): DevelopmentEngine | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const engine = readEngine(join(folder, stateFolder, 'dev.json'));
    if (engine) return engine;
    if (dirname(folder) === folder) return undefined;
  }
}

function readEngine(file: string): DevelopmentEngine | undefined {
  if (!existsSync(file)) return undefined;
  const engine = JSON.parse(readFileSync(file, 'utf8')) as DevelopmentEngine;
  return isAlive(engine.pids.dev) ? engine : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
