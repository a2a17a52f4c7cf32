import { storedName, type SealedText, type SecretSource } from '../../model/instance';
import { keyIdOf, openedOf, seal, sealingKeyOf, SealProblem, unseal } from '../../guard/sealing';
import { mapValues } from '../../model/map-values';
import { atReferences, markedIn, reveal } from '../../model/text/marks';
import type { Place } from '../../policy';
import { SoftwareFault } from '../failures';
import type { InstallationKeys } from './installation-key';
import { placeOfTask } from '../guards/place-of-task';
import { shortestMasked } from './masker';
import { plainTextOf } from './text';
import type { PermittedSources } from './permitted';
import { sealedVariables, secretValues } from './variables';
import { Vault } from './vault';

/** A value, and what of it is secret. */
interface SecretParts {
  value: Buffer;
  secret: Buffer[];
}

/** Reads the values of secrets, each time they are needed. */
export class SecretSources {
  private readonly vault = new Vault(process.env);

  constructor(
    private readonly permitted: PermittedSources,
    private readonly keys: InstallationKeys,
  ) {}

  /**
   * A value, and what of it is secret.
   * @throws SoftwareFault if the secret does not exist, RuntimeError if its source is unavailable
   */
  async readParts(name: string, source: SecretSource): Promise<SecretParts> {
    if ('stored' in source) return whole(this.stored(source.stored, source.sealed));
    if ('sealed' in source) return this.sealedParts(name, source);
    return whole(await this.read(name, source));
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

  /** What a client has sealed, with the stored secrets that its texts refer to. */
  private sealedParts(name: string, { sealed, parts = {} }: SealedText): SecretParts {
    const opened = openedOf(this.unsealed(name, sealed));
    switch (opened.kind) {
      case 'bytes':
        return whole(opened.value);
      case 'text': {
        const { text, secret } = this.filled(opened.value, parts);
        const value = Buffer.from(text);
        return { value, secret: [value, ...secret] };
      }
      case 'variables': {
        const filled = mapValues(sealedVariables(name, opened.value), (value) => this.filled(value, parts));
        const values = mapValues(filled, ({ text }) => text);
        const secret = Object.values(filled).flatMap((each) => each.secret);
        return { value: Buffer.from(JSON.stringify(values)), secret: [...secretValues(values), ...secret] };
      }
    }
  }

  /** A text with the stored secrets that it refers to, and the parts of it that are secret by themselves. */
  private filled(text: string, parts: Record<string, string>): { text: string; secret: Buffer[] } {
    const pieces = atReferences(text).map((piece, index) =>
      index % 2 === 0 ? piece : this.storedText(piece, parts[piece]),
    );
    const referred = pieces.filter((_, index) => index % 2 === 1);
    const secret = [...markedIn(pieces.join(' ')), ...referred].filter((part) => part.length >= shortestMasked);
    return { text: pieces.map(reveal).join(''), secret: secret.map((part) => Buffer.from(part)) };
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

function whole(value: Buffer): SecretParts {
  return { value, secret: [value] };
}
