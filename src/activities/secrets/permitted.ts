import type { SecretSource } from '../../model/instance';
import { SourceRefused, type SourceRules } from '../../policy';
import { SoftwareFault } from '../failures';
import { placeOfTask } from '../guards/place-of-task';

/** Sources of secrets, limited by the worker's policy for the stack of the running activity. */
export class PermittedSources {
  constructor(private readonly rules: SourceRules) {}

  /** @throws SoftwareFault with the rule that refuses it */
  async check(name: string, source: SecretSource): Promise<void> {
    await this.rules.check(source, placeOfTask()).catch(refuse(`the secret ${name}`));
  }

  /** The bytes of a file, at most 1 MiB. @throws SoftwareFault with the rule that refuses it, or the read error */
  async file(label: string, file: string, kind: 'files' | 'env_files'): Promise<Buffer> {
    return this.rules.read(file, kind, placeOfTask()).catch((error: Error) => {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) return refuse(label)(error);
      throw new SoftwareFault(
        `${label}: the worker cannot read ${file} (${code}); put it there, readable by the worker's user`,
      );
    });
  }
}

function refuse(label: string): (error: Error) => never {
  return (error) => {
    throw error instanceof SourceRefused ? new SoftwareFault(`${label}: ${error.message}`) : error;
  };
}
