import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { SecretSource } from '../../model/instance';
import { SoftwareFault } from '../failures';
import { Vault } from './vault';

/** Bytes; a Secret of a cluster takes no more either. */
const largest = 1024 * 1024;

/** Where the values of secrets are read, each time they are needed. */
export class SecretSources {
  private readonly vault = new Vault(process.env);

  /** @throws SoftwareFault where there is none, RuntimeError where whoever has it is away */
  async read(name: string, source: SecretSource): Promise<Buffer> {
    if ('file' in source) return readSecretFile(name, source.file);
    if ('vault' in source) return Buffer.from(await this.vault.read(name, source.vault));
    const value = process.env[source.environment];
    if (value === undefined) throw new SoftwareFault(`the secret ${name}: the worker's environment has no variable ${source.environment}; set it where the worker is started`);
    return Buffer.from(value);
  }
}

/** The bytes of a file, as they are. */
export async function readSecretFile(name: string, file: string): Promise<Buffer> {
  // A pipe that nobody writes to must not hold the worker up.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch(({ code }: NodeJS.ErrnoException) => {
    throw unreadable(name, file, code);
  });
  try {
    if (!(await handle.stat()).isFile()) throw new SoftwareFault(`the secret ${name}: ${file} is no plain file; name one`);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of handle.createReadStream({ autoClose: false })) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > largest) throw new SoftwareFault(`the secret ${name}: ${file} is larger than 1 MiB; put the bulk of it into an image or a volume`);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    throw error instanceof SoftwareFault ? error : unreadable(name, file, (error as NodeJS.ErrnoException).code);
  } finally {
    await handle.close();
  }
}

function unreadable(name: string, file: string, code: string | undefined): SoftwareFault {
  return new SoftwareFault(`the secret ${name}: the worker cannot read ${file} (${code ?? 'unreadable'}); put it there, readable by the worker's user`);
}
