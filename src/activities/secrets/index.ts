import { createHmac } from 'node:crypto';
import type { InstanceSpec, SealingKey, SecretFile, SecretSource } from '../../model/instance';
import { earlierPrefix, unmaskedPrefix } from '../../model/observation';
import { sealingKeyOf } from '../../guard/sealing';
import { EnvFileError, parseEnvFile } from '../../model/text/env-file';
import { defaultPolicy, ownFiles, SourceRules } from '../../policy';
import { RuntimeError, type RegistryLogin } from '../../runtimes/runtime';
import { SoftwareFault } from '../failures';
import { installationKeys, type InstallationKeys } from './installation-key';
import { shortestMasked } from './masker';
import { Masks } from './masks';
import { PermittedSources } from './permitted';
import { openLogin, resealLogins } from './registry-logins';
import { SecretSources } from './sources';
import { textOf, plainTextOf, variableOf, withoutLineEnd } from './text';
import { sealedVariables, secretValues } from './variables';

/** The worker's secrets: read when they are used, compared by keyed fingerprints, and masked in all output. */
export class SecretStore {
  private readonly key: Buffer;
  private readonly keys: InstallationKeys;
  private readonly masks: Masks;
  private readonly permitted: PermittedSources;
  private readonly sources: SecretSources;

  /** `rules`: sources that stacks may use; default all but files of the machine and of the engine. */
  constructor(dataDir: string, rules = new SourceRules(defaultPolicy, ownFiles({ dataDir }))) {
    this.keys = installationKeys(dataDir);
    [this.key] = this.keys;
    this.masks = new Masks(dataDir, this.keys);
    this.permitted = new PermittedSources(rules);
    this.sources = new SecretSources(this.permitted, this.keys);
  }

  async variables({ secrets, envFiles }: Pick<InstanceSpec, 'secrets' | 'envFiles'>): Promise<Record<string, string>> {
    let result: Record<string, string> = {};
    for (const file of envFiles) result = { ...result, ...(await this.envFile(file, result)) };
    for (const { name, source, target } of secrets) {
      if ('variables' in target) Object.assign(result, sealedVariables(name, await this.value(name, source)));
      if ('environment' in target) result[target.environment] = variableOf(name, await this.value(name, source));
    }
    return result;
  }

  /** Values for the texts of a container that refer to them, by the name of the secret. */
  async texts({ secrets }: Pick<InstanceSpec, 'secrets'>): Promise<Record<string, string>> {
    const used = secrets.filter(({ target }) => 'texts' in target);
    const values = used.map(async ({ name, source }) => {
      return [name, plainTextOf(`the secret ${name}`, await this.value(name, source))] as const;
    });
    return Object.fromEntries(await Promise.all(values));
  }

  async files({ secrets }: Pick<InstanceSpec, 'secrets'>): Promise<SecretFile[]> {
    const files = secrets.flatMap(({ name, source, target }) => ('path' in target ? [{ name, source, target }] : []));
    return Promise.all(
      files.map(async ({ name, source, target }) => ({ ...target, content: await this.value(name, source) })),
    );
  }

  /**
   * Fingerprints of secrets and env files: HMACs under the installation's key, which reveal changes but not values.
   * Text secrets have a second one in the format of version 0.1. `variables`: secrets used as variables, whose values
   * must be valid for that.
   */
  async fingerprints(
    secrets: Record<string, SecretSource>,
    envFiles: string[],
    variables: ReadonlySet<string> = new Set(),
  ): Promise<Record<string, string>> {
    const named = Object.entries(secrets).map(async ([name, source]) => {
      const value = await this.value(name, source);
      if (variables.has(name)) variableOf(name, value);
      return this.fingerprintsOf(name, value);
    });
    const files = envFiles.map(async (file) => ({
      [`env_file:${file}`]: this.fingerprint(JSON.stringify(await this.envFile(file))),
    }));
    const all = await Promise.allSettled([...named, ...files]);
    const unavailable = all.find((each) => each.status === 'rejected' && each.reason instanceof RuntimeError);
    if (unavailable?.status === 'rejected') throw unavailable.reason;
    const missing = all.flatMap((each) => (each.status === 'rejected' ? [(each.reason as Error).message] : []));
    if (missing.length > 0) throw new SoftwareFault(missing.join('\n'));
    return Object.assign({}, ...all.map((each) => (each.status === 'fulfilled' ? each.value : {}))) as Record<
      string,
      string
    >;
  }

  /** Learns the values of a stack for {@link mask}. Unreadable sources are skipped: their values cannot leak either. */
  async learn(secrets: Record<string, SecretSource>, envFiles: string[]): Promise<void> {
    await this.fingerprints(secrets, envFiles).catch(() => undefined);
  }

  /** What clients seal values with. */
  sealingKey(): SealingKey {
    return sealingKeyOf(this.key);
  }

  /** Seals stored secrets with the current key; resolves with those that had a former one. */
  reseal(sealed: Record<string, string>): Record<string, string> {
    return this.sources.reseal(sealed);
  }

  /** Opens the login at a registry, and masks its password from then on. @throws SoftwareFault */
  openLogin(registry: string, sealed: string): RegistryLogin {
    const login = openLogin(this.keys, registry, sealed);
    this.masks.learn(Buffer.from(login.password));
    return login;
  }

  /** Seals logins with the current key; returns those that had a former one, by registry. */
  resealLogins(sealed: Record<string, string>): Record<string, string> {
    return resealLogins(this.keys, sealed);
  }

  /** The text of a secret that the worker itself uses: a key, a password, a URL. */
  async read(name: string, source: SecretSource): Promise<string> {
    return plainTextOf(`the secret ${name}`, await this.value(name, source));
  }

  /** Masks every secret that this worker or an earlier one has read, in plain and encoded form. */
  mask(text: string): string {
    return this.masks.mask(text);
  }

  private fingerprintsOf(name: string, value: Buffer): Record<string, string> {
    const text = textOf(value);
    const length = text === undefined ? value.length : withoutLineEnd(text).length;
    return {
      [name]: this.fingerprint(Buffer.concat([Buffer.from('2\0'), value])),
      ...(text !== undefined && { [`${earlierPrefix}${name}`]: this.fingerprint(withoutLineEnd(text)) }),
      ...(length < shortestMasked && { [`${unmaskedPrefix}${name}`]: length === 0 ? 'empty' : 'short' }),
    };
  }

  private fingerprint(value: string | Buffer): string {
    return createHmac('sha256', this.key).update(value).digest('hex').slice(0, 16);
  }

  private async value(name: string, source: SecretSource): Promise<Buffer> {
    const { value, secret } = await this.sources.readParts(name, source);
    for (const each of secret) this.masks.learn(each);
    return value;
  }

  private async envFile(file: string, earlier: Record<string, string> = {}): Promise<Record<string, string>> {
    const text = plainTextOf(`the env_file ${file}`, await this.permitted.file('the env_file', file, 'env_files'));
    const values = parsed(file, text, earlier);
    for (const value of secretValues(values)) this.masks.learn(value);
    return values;
  }
}

/** @throws SoftwareFault that names the file and the line */
function parsed(file: string, text: string, earlier: Record<string, string>): Record<string, string> {
  try {
    return parseEnvFile(text, { earlier });
  } catch (error) {
    throw error instanceof EnvFileError ? new SoftwareFault(`the env_file ${file}, ${error.message}`) : error;
  }
}
