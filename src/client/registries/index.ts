import type { Client } from '@temporalio/client';
import type { AuditTrail } from '../../model/audit';
import type { SealingKey } from '../../model/instance';
import { requireName } from '../../model/names';
import { normalRegistry } from '../../model/names/registry';
import { keyIdOf } from '../../guard/sealing';
import { BadRequest } from '../../temporal/errors';
import { InstallationWorkflow } from '../../temporal/installation-workflow';
import {
  installation,
  loginUpdate,
  logoutUpdate,
  registriesId,
  registriesQuery,
  resealLoginsUpdate,
  type Place,
  type RegistriesState,
} from '../../workflows/messages';
import { authorOf } from '../orders';
import { sealValue } from '../secrets/seal';
import { verifyCredential, type Credential, type Verification } from './verify';

/** A login at a registry, without its password. */
export interface RegistryLine {
  registry: string;
  user: string;
  by: string;
  /** Host that it was made from. */
  from?: string;
  at: Date;
  /** Id of the key that it is sealed with. */
  key: string;
}

export interface LoginOptions {
  /** Checks the password at the registry first; default true. */
  verify?: boolean;
  /** Default the user of this process. */
  by?: string;
}

/** The parts of the client that logins use. */
interface Engine {
  requireWorker(): Promise<void>;
  sealingKey(place: Place): Promise<SealingKey>;
  trail(place: Place, last: number, known: RegistriesState['audit'], before?: number): Promise<AuditTrail>;
}

/** In bytes. Tokens of clouds have some thousands. */
const largestPassword = 16 * 1024;

/**
 * Logins of the whole installation at image registries: workers pull with them. Passwords are sealed here, each for its
 * registry; only a worker can open them.
 */
export class Registries {
  private readonly kept: InstallationWorkflow;

  constructor(
    temporal: Client,
    private readonly engine: Engine,
  ) {
    this.kept = new InstallationWorkflow(temporal, registriesId, 'registries', 'logins at image registries');
  }

  /**
   * Checks a password at its registry, and stores it. Replaces an earlier login there.
   * @param host `ghcr.io`, `registry.example.com:5000`; `docker.io` for Docker Hub
   * @throws BadRequest if the registry refuses the password or cannot check it, or there are too many logins
   * @throws NameProblem if the host or the user is not valid
   */
  async login(
    host: string,
    { user, password }: Credential,
    { verify = true, by }: LoginOptions = {},
  ): Promise<{ registry: string; verified: Verification | 'unchecked' }> {
    const registry = registryOf(host);
    requireCredential({ user, password });
    await this.engine.requireWorker();
    const verified = verify ? await verifyCredential(registry, { user, password }) : 'unchecked';
    const key = await this.engine.sealingKey(installation);
    await this.store(registry, user, sealedCredential(registry, { user, password }, key), by);
    return { registry, verified };
  }

  /** Stores a login whose password is sealed already. @throws NameProblem if a name or the ciphertext is not valid */
  async store(registry: string, user: string, sealed: string, by?: string): Promise<void> {
    requireName('registry', registry);
    requireName('registryUser', user);
    requireName('ciphertext', sealed);
    await this.kept.store(loginUpdate, { registry, user, sealed, ...authorOf(by) });
  }

  /** What is stored, by registry. */
  async list(): Promise<RegistryLine[]> {
    const lines = Object.entries((await this.read()).logins).map(([registry, { user, by, from, at, sealed }]) => ({
      registry,
      user,
      by,
      ...(from !== undefined && { from }),
      at: new Date(at),
      key: keyIdOf(sealed),
    }));
    return lines.sort((one, other) => (one.registry < other.registry ? -1 : 1));
  }

  /** Removes a login; returns its registry. @throws BadRequest if there is none */
  async logout(host: string, by?: string): Promise<string> {
    const registry = registryOf(host);
    const isRemoved = await this.kept.change(logoutUpdate, { registry, ...authorOf(by) });
    if (isRemoved) return registry;
    throw new BadRequest(`the workers have no login at ${registry}; list them with \`deploy-code registry list\``);
  }

  /** Lets a worker seal everything with its current key; returns the registries of those that had a former one. */
  async reseal(by?: string): Promise<string[]> {
    if (Object.keys((await this.read()).logins).length === 0) return [];
    const names = (await this.kept.change(resealLoginsUpdate, authorOf(by))) ?? [];
    return names.sort();
  }

  /**
   * The last records of the audit trail of the installation, or the last before the number `before`: who logged in and
   * out where.
   */
  async audit(last = 50, before?: number): Promise<AuditTrail> {
    return this.engine.trail(installation, last, (await this.read()).audit, before);
  }

  private async read(): Promise<RegistriesState> {
    return (await this.kept.read(registriesQuery)) ?? { logins: {} };
  }
}

function registryOf(host: string): string {
  return requireName('registry', normalRegistry(host));
}

/** A login, sealed for its registry. @throws BadRequest, NameProblem if it cannot be one */
export function sealedCredential(registry: string, { user, password }: Credential, key: SealingKey): string {
  requireCredential({ user, password });
  return sealValue(Buffer.from(JSON.stringify({ user, password })), key, { registry });
}

/** @throws BadRequest, which never shows the password */
function requireCredential({ user, password }: Credential): void {
  requireName('registryUser', user);
  if (password === '') throw new BadRequest('the password is empty; nothing was stored');
  if (Buffer.byteLength(password) > largestPassword)
    throw new BadRequest(`the password is larger than ${largestPassword / 1024} KiB; nothing was stored`);
  if (password.includes('\0')) throw new BadRequest('the password contains a NUL byte; nothing was stored');
}
