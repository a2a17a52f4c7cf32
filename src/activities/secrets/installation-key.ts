import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Made at the first start of a worker; a fleet shares it by sharing the file. */
export function installationKey(dataDir: string): Buffer {
  const file = process.env.DEPLOY_CODE_KEY_FILE ?? join(dataDir, 'installation.key');
  try {
    return readFileSync(file);
  } catch {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    try {
      writeFileSync(file, randomBytes(32), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    return readFileSync(file);
  }
}
