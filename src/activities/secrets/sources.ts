import type { SecretSource } from '../../model/instance';
import { SealProblem, sealedText, unseal } from '../../guard/sealing';
import { markedIn, reveal } from '../../model/text/marks';
import { SoftwareFault } from '../failures';
import type { InstallationKeys } from './installation-key';
import { placeOfTask } from '../guards/place-of-task';
import type { PermittedSources } from './permitted';
import { Vault } from './vault';

/** Reads the values of secrets, each time they are needed. */
export class SecretSources {
  private readonly vault = new Vault(process.env);

  constructor(
    private readonly permitted: PermittedSources,
    private readonly keys: InstallationKeys,
  ) {}

  /**
   * A value, and the parts of it that are secret by themselves.
   * @throws SoftwareFault if the secret does not exist, RuntimeError if its source is unavailable
   */
  async readParts(name: string, source: SecretSource): Promise<{ value: Buffer; parts: string[] }> {
    const value = await this.read(name, source);
    if (!('sealed' in source)) return { value, parts: [] };
    const text = sealedText(value);
    return text === undefined
      ? { value: value.subarray(1), parts: [] }
      : { value: Buffer.from(reveal(text)), parts: markedIn(text) };
  }

  private async read(name: string, source: SecretSource): Promise<Buffer> {
    if ('file' in source) return this.permitted.file(`the secret ${name}`, source.file, 'files');
    if ('sealed' in source) return this.unsealed(name, source.sealed);
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

  private unsealed(name: string, sealed: string): Buffer {
    const place = placeOfTask();
    if (!place) throw new SoftwareFault(`the secret ${name} is sealed for one environment, and none asks for it`);
    try {
      return unseal(sealed, this.keys, { ...place, name });
    } catch (error) {
      throw error instanceof SealProblem ? new SoftwareFault(`the secret ${name} ${error.message}`) : error;
    }
  }
}
