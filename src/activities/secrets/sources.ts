import { storedName, type SealedText, type SecretSource } from '../../model/instance';
import { keyIdOf, seal, sealedText, sealingKeyOf, SealProblem, unseal } from '../../guard/sealing';
import { atReferences, markedIn, reveal } from '../../model/text/marks';
import type { Place } from '../../policy';
import { SoftwareFault } from '../failures';
import type { InstallationKeys } from './installation-key';
import { placeOfTask } from '../guards/place-of-task';
import { plainTextOf } from './text';
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
    if ('stored' in source) return { value: this.stored(source.stored, source.sealed), parts: [] };
    if ('sealed' in source) return this.sealedParts(name, source);
    return { value: await this.read(name, source), parts: [] };
  }

  /** Seals stored secrets with the current key; returns those that had a former one. */
  reseal(sealed: Record<string, string>): Record<string, string> {
    const key = sealingKeyOf(this.keys[0]);
    const outdated = Object.entries(sealed).filter(([, each]) => keyIdOf(each) !== key.id);
    return Object.fromEntries(
      outdated.map(([name, each]) => {
        const value = this.unsealed(storedName(name), each);
        return [name, seal(value, key, { ...this.place(name), name: storedName(name) })];
      }),
    );
  }

  /** The text that a client has sealed, with the stored secrets that it refers to. */
  private sealedParts(name: string, { sealed, parts = {} }: SealedText): { value: Buffer; parts: string[] } {
    const value = this.unsealed(name, sealed);
    const text = sealedText(value);
    if (text === undefined) return { value: value.subarray(1), parts: [] };
    const pieces = atReferences(text).map((piece, index) =>
      index % 2 === 0 ? piece : this.storedText(piece, parts[piece]),
    );
    const referred = pieces.filter((_, index) => index % 2 === 1);
    return { value: Buffer.from(pieces.map(reveal).join('')), parts: [...markedIn(pieces.join(' ')), ...referred] };
  }

  private storedText(name: string, sealed: string | undefined): string {
    if (sealed === undefined)
      throw new SoftwareFault(`the secret ${name} was not sent with the stack; deploy it again`);
    return plainTextOf(`the stored secret ${name}`, this.stored(name, sealed), 'use it as a file, not as a variable');
  }

  private stored(name: string, sealed: string): Buffer {
    return this.unsealed(storedName(name), sealed).subarray(1);
  }

  private async read(name: string, source: Exclude<SecretSource, { sealed: string }>): Promise<Buffer> {
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

  private unsealed(name: string, sealed: string): Buffer {
    try {
      return unseal(sealed, this.keys, { ...this.place(name), name });
    } catch (error) {
      throw error instanceof SealProblem ? new SoftwareFault(`the secret ${name} ${error.message}`) : error;
    }
  }

  private place(name: string): Place {
    const place = placeOfTask();
    if (place) return place;
    throw new SoftwareFault(`the secret ${name} is sealed for one environment, and none asks for it`);
  }
}
