import type { Client } from '@temporalio/client';
import { keyIdOf } from '../../guard/sealing';
import { storedName, type SealingKey } from '../../model/instance';
import { requireName } from '../../model/names';
import { ask } from '../../temporal/ask';
import { BadRequest } from '../../temporal/errors';
import { signalEnvironment } from '../../temporal/signal-environment';
import { unlessMissing } from '../../temporal/unless-missing';
import {
  environmentId,
  fitWithin,
  removeSecretSignal,
  storedLimits,
  storedSecretsQuery,
  storeSecretSignal,
  type EnvironmentState,
  type Place,
  type ReleaseContents,
  type StoredSecret,
} from '../../workflows/messages';
import { authorOf } from '../orders';
import { sealValue } from './seal';
import { usersOf, usesOfKeys, type KeyUses } from './uses';

/** A stored secret, without its value. */
export interface StoredSecretLine {
  name: string;
  by: string;
  /** Host that it was set from. */
  from?: string;
  at: Date;
  /** Id of the key that it is sealed with. */
  key: string;
}

/** The parts of the client that stored secrets use. */
export interface Engine {
  requireWorker(): Promise<void>;
  sealingKey(place: Place): Promise<SealingKey>;
  /** Resolves with the names of the secrets that a worker has sealed anew. */
  reseal(place: Place, secrets: Record<string, string>): Promise<string[]>;
  environment(place: Place): Promise<EnvironmentState | undefined>;
  release(place: Place, number: number): Promise<ReleaseContents>;
  /** Sends an order to an environment, and waits until a protected one has taken it. */
  order(place: Place, send: () => Promise<void>, isTaken: () => Promise<boolean>): Promise<void>;
  /** The installation's logins at registries, with their keys. */
  logins(): Promise<{ registry: string; key: string }[]>;
}

/** Secrets that the engine stores for an environment. Values are sealed here; only a worker can open them. */
export class StoredSecrets {
  constructor(
    private readonly temporal: Client,
    private readonly engine: Engine,
  ) {}

  /**
   * Stores a value, a text or bytes, under a name.
   * @throws BadRequest if it is too large, or the environment stores too many
   * @throws NameProblem if the name is not valid
   */
  async set(place: Place, name: string, value: string | Uint8Array, by?: string): Promise<void> {
    requireName('stored', name);
    const key = await this.engine.sealingKey(place);
    const { stack, environment } = place;
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    await this.store(place, name, sealValue(bytes, key, { stack, environment, name: storedName(name) }), by);
  }

  /**
   * Stores a value that is sealed already, for this environment and `stored/NAME`.
   * @throws BadRequest if the environment stores too many
   */
  async store(place: Place, name: string, sealed: string, by?: string): Promise<void> {
    requireName('stored', name);
    requireName('ciphertext', sealed);
    const { stack, environment } = place;
    if (!fitWithin({ ...(await this.read(place)), [name]: { sealed } }, storedLimits))
      throw new BadRequest(
        `${stack}/${environment} would store more than ${storedLimits.count} secrets, or more than about ` +
          `${Math.floor((storedLimits.characters * 3) / 4 / 1024)} KiB; nothing was changed`,
      );
    await this.engine.order(
      place,
      () => signalEnvironment(this.temporal, place, storeSecretSignal, { name, sealed, ...authorOf(by) }),
      async () => (await this.read(place))[name]?.sealed === sealed,
    );
    if ((await this.read(place))[name]?.sealed !== sealed)
      throw new BadRequest(`${name} was not stored, because somebody else changed the secrets meanwhile; try again`);
  }

  /** What is stored, by name. */
  async list(place: Place): Promise<StoredSecretLine[]> {
    const lines = Object.entries(await this.read(place)).map(([name, { by, from, at, sealed }]) => ({
      name,
      by,
      ...(from !== undefined && { from }),
      at: new Date(at),
      key: keyIdOf(sealed),
    }));
    return lines.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The names of what is stored. */
  async names(place: Place): Promise<string[]> {
    return Object.keys(await this.read(place)).sort();
  }

  /** Ciphertexts by name. */
  async ciphertexts(place: Place): Promise<Record<string, string>> {
    return ciphertextsOf(await this.read(place));
  }

  /**
   * Removes a secret. Instances that run keep its value, and kept releases too.
   * @throws BadRequest if it is not stored, or the current release uses it and `force` is not set
   */
  async remove(
    place: Place,
    name: string,
    { force = false, by }: { force?: boolean; by?: string } = {},
  ): Promise<void> {
    requireName('stored', name);
    if (!Object.hasOwn(await this.read(place), name)) throw notStored(place, name);
    const users = force ? [] : await this.usersOf(place, name);
    if (users.length > 0)
      throw new BadRequest(
        `${name} is used by ${users.join(', ')} of the current release, which could not be deployed from its file ` +
          'again; pass --force to remove it all the same. Nothing was changed',
      );
    const handle = this.temporal.workflow.getHandle(environmentId(place));
    await this.engine.order(
      place,
      () => handle.signal(removeSecretSignal, { name, ...authorOf(by) }),
      async () => !Object.hasOwn(await this.read(place), name),
    );
    if (Object.hasOwn(await this.read(place), name))
      throw new BadRequest(`${name} was not removed, because somebody else set it meanwhile; try again`);
  }

  /** Lets a worker seal everything with the current key; returns the names of those that had a former one. */
  async reseal(place: Place): Promise<string[]> {
    const secrets = await this.ciphertexts(place);
    return Object.keys(secrets).length === 0 ? [] : (await this.engine.reseal(place, secrets)).sort();
  }

  /** Which keys of the engine stored secrets, kept releases and the installation's logins need. */
  async keys(place: Place): Promise<{ current: string; uses: KeyUses[] }> {
    const { id: current } = await this.engine.sealingKey(place);
    const state = await this.engine.environment(place);
    const releases = await Promise.all((state?.releases ?? []).map((number) => this.engine.release(place, number)));
    return { current, uses: usesOfKeys(await this.ciphertexts(place), releases, await this.engine.logins()) };
  }

  private async usersOf(place: Place, name: string): Promise<string[]> {
    const state = await this.engine.environment(place);
    const current = state?.current?.release;
    if (current === undefined || !state!.releases.includes(current)) return [];
    return usersOf((await this.engine.release(place, current)).stack, name);
  }

  private async read(place: Place): Promise<Record<string, StoredSecret>> {
    await this.engine.requireWorker();
    const handle = this.temporal.workflow.getHandle(environmentId(place));
    return (await unlessMissing(() => ask(this.temporal, () => handle.query(storedSecretsQuery)))) ?? {};
  }
}

function ciphertextsOf(secrets: Record<string, StoredSecret>): Record<string, string> {
  return Object.fromEntries(Object.entries(secrets).map(([name, { sealed }]) => [name, sealed]));
}

function notStored({ stack, environment }: Place, name: string): BadRequest {
  return new BadRequest(`${stack}/${environment} stores no secret ${name}; list them with \`deploy-code secret list\``);
}
