import type { DeployCodeClient } from '../../../client/connect';
import type { Stack } from '../../../config';
import { BadRequest } from '../../../temporal/errors';
import { serviceOf } from '../session';

type Log = Pick<Awaited<ReturnType<DeployCodeClient['logs']>>['found'][number], 'name' | 'service' | 'ordinal'>;

/** The instances that words on the command line select: all of a service, `api-2`, or a container by its name. */
export class LogSelection {
  /** The services to read; none stands for all. */
  readonly services: string[];

  /** @throws BadRequest if a word names no service of the stack, and no instance of one */
  constructor(
    private readonly stack: Stack,
    private readonly words: readonly string[],
  ) {
    this.services = [...new Set(words.map((word) => this.serviceOf(word)))];
  }

  /** The selected logs. */
  of<L extends Log>(logs: readonly L[]): L[] {
    return this.words.length === 0 ? [...logs] : logs.filter((log) => this.words.some((word) => this.fits(log, word)));
  }

  /** @throws BadRequest if an instance was named that is not there */
  requireAll(logs: readonly Log[]): void {
    const missing = this.words.find((word) => !this.isService(word) && !logs.some((log) => this.fits(log, word)));
    if (missing === undefined) return;
    const names = logs.map(shortName);
    throw new BadRequest(
      `there is no instance "${missing}"; of ${this.serviceOf(missing)} there ` +
        (names.length === 0 ? 'are none' : `are ${[...new Set(names)].sort().join(', ')}`),
    );
  }

  private fits(log: Log, word: string): boolean {
    return this.isService(word) ? log.service === word : log.name === word || shortName(log) === word;
  }

  private isService(word: string): boolean {
    return Object.hasOwn(this.stack.services, word);
  }

  private serviceOf(word: string): string {
    if (this.isService(word)) return word;
    const { name, environment, services } = this.stack;
    const short = word.replace(`${name}-${environment}-`, '').replace(/-d\d+$/, '');
    const service = short.replace(/-\d+$/, '');
    if (short === service || !Object.hasOwn(services, service)) serviceOf(this.stack, word);
    return service;
  }
}

function shortName({ service, ordinal, name }: Log): string {
  return service === undefined ? name : `${service}-${ordinal}`;
}
