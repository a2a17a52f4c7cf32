import type { SecretSource } from '../../model/instance';
import { SoftwareFault } from '../failures';
import type { PermittedSources } from './permitted';
import { Vault } from './vault';

/** Reads the values of secrets, each time they are needed. */
export class SecretSources {
  private readonly vault = new Vault(process.env);

  constructor(private readonly permitted: PermittedSources) {}

  /** @throws SoftwareFault if the secret does not exist, RuntimeError if its source is unavailable */
  async read(name: string, source: SecretSource): Promise<Buffer> {
    if ('file' in source) return this.permitted.file(`the secret ${name}`, source.file, 'files');
    await this.permitted.check(name, source);
    if ('vault' in source) return Buffer.from(await this.vault.read(name, source.vault));
    const value = process.env[source.environment];
    if (value === undefined)
      throw new SoftwareFault(
        `the secret ${name}: the worker's environment has no variable ` +
          `${source.environment}; set it before you start the worker`,
      );
    return Buffer.from(value);
  }
}
