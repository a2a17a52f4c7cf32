import { readFile } from 'node:fs/promises';
import type { SecretSource } from '../../model/instance';
import { SoftwareFault } from '../failures';
import { Vault } from './vault';

/** Where the values of secrets are read, each time they are needed. */
export class SecretSources {
  private readonly vault = new Vault(process.env);

  /** @throws SoftwareFault where there is none, RuntimeError where whoever has it is away */
  async read(name: string, source: SecretSource): Promise<string> {
    if ('file' in source) return readSecretFile(name, source.file);
    if ('vault' in source) return this.vault.read(name, source.vault);
    const value = process.env[source.environment];
    if (value === undefined) throw new SoftwareFault(`the secret ${name}: the worker's environment has no variable ${source.environment}; set it where the worker is started`);
    return value;
  }
}

export async function readSecretFile(name: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SoftwareFault(`the secret ${name}: the worker cannot read ${file} (${code}); put it there, readable by the worker's user`);
  }
}
