import { createHmac } from 'node:crypto';
import { parseEnv } from 'node:util';
import type { InstanceSpec, SecretSource } from '../../model/instance';
import { RuntimeError } from '../../runtimes/runtime';
import { SoftwareFault } from '../failures';
import { installationKey } from './installation-key';
import { readSecretFile, SecretSources } from './sources';

const shortestMasked = 4;

/** The worker's secrets: read at the moment of use, compared by a keyed fingerprint, masked in whatever is shown. */
export class SecretStore {
  private readonly key: Buffer;
  private readonly values = new Set<string>();
  private readonly sources = new SecretSources();

  constructor(dataDir: string) {
    this.key = installationKey(dataDir);
  }

  async variables({ secrets, envFiles }: Pick<InstanceSpec, 'secrets' | 'envFiles'>): Promise<Record<string, string>> {
    const result: Record<string, string> = {};
    for (const file of envFiles) Object.assign(result, await this.envFile(file));
    for (const { name, source, target } of secrets) if ('environment' in target) result[target.environment] = await this.value(name, source);
    return result;
  }

  async files({ secrets }: Pick<InstanceSpec, 'secrets'>): Promise<{ path: string; mode: number; content: string }[]> {
    const files = secrets.flatMap(({ name, source, target }) => ('path' in target ? [{ name, source, ...target }] : []));
    return Promise.all(files.map(async ({ name, source, path, mode }) => ({ path, mode, content: await this.value(name, source) })));
  }

  /** One fingerprint per secret and env file: an HMAC under the installation's key. It tells change, and nothing of the value. */
  async fingerprints(secrets: Record<string, SecretSource>, envFiles: string[]): Promise<Record<string, string>> {
    const named = Object.entries(secrets).map(async ([name, source]) => [name, this.fingerprint(await this.value(name, source))] as const);
    const files = envFiles.map(async (file) => [`env_file:${file}`, this.fingerprint(JSON.stringify(await this.envFile(file)))] as const);
    const all = await Promise.allSettled([...named, ...files]);
    const away = all.find((each) => each.status === 'rejected' && each.reason instanceof RuntimeError);
    if (away?.status === 'rejected') throw away.reason;
    const missing = all.flatMap((each) => (each.status === 'rejected' ? [(each.reason as Error).message] : []));
    if (missing.length > 0) throw new SoftwareFault(missing.join('\n'));
    return Object.fromEntries(all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])));
  }

  /** Learns the values of a stack, so that {@link mask} knows them. What cannot be read cannot be shown either. */
  async learn(secrets: Record<string, SecretSource>, envFiles: string[]): Promise<void> {
    await this.fingerprints(secrets, envFiles).catch(() => undefined);
  }

  /** The value of one secret. */
  read(name: string, source: SecretSource): Promise<string> {
    return this.value(name, source);
  }

  /** Text without any secret that this worker has read. */
  mask(text: string): string {
    let masked = text;
    for (const value of [...this.values].sort((a, b) => b.length - a.length)) masked = masked.replaceAll(value, '***');
    return masked;
  }

  private fingerprint(value: string): string {
    return createHmac('sha256', this.key).update(value).digest('hex').slice(0, 16);
  }

  private async value(name: string, source: SecretSource): Promise<string> {
    const value = (await this.sources.read(name, source)).replace(/\r?\n$/, '');
    this.remember(value);
    return value;
  }

  private async envFile(file: string): Promise<Record<string, string>> {
    const values = parseEnv(await readSecretFile('env_file', file)) as Record<string, string>;
    for (const value of Object.values(values)) this.remember(value);
    return values;
  }

  private remember(value: string): void {
    for (const line of [value, ...value.split('\n')]) if (line.length >= shortestMasked) this.values.add(line);
  }
}
