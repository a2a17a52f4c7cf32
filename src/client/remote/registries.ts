import type { AuditTrail } from '../../model/audit';
import type { SealingKey } from '../../model/instance';
import { requireName } from '../../model/names';
import { normalRegistry } from '../../model/names/registry';
import { sealedCredential, type LoginOptions, type RegistryLine } from '../registries';
import { verifyCredential, type Credential, type Verification } from '../registries/verify';
import { trailOf } from './pages';
import type { Transport } from './transport';

/** Logins of the installation at image registries, through a server, which never sees a password. */
export class RemoteRegistries {
  constructor(private readonly transport: Transport) {}

  async login(
    host: string,
    credential: Credential,
    { verify = true }: LoginOptions = {},
  ): Promise<{ registry: string; verified: Verification | 'unchecked' }> {
    const registry = requireName('registry', normalRegistry(host));
    const key = await this.transport.ask<SealingKey>('GET', '/sealing-key');
    const sealed = sealedCredential(registry, credential, key);
    const verified = verify ? await verifyCredential(registry, credential) : 'unchecked';
    await this.transport.ask('PUT', of(registry), { body: { user: credential.user, sealed } });
    return { registry, verified };
  }

  async list(): Promise<RegistryLine[]> {
    const { registries } = await this.transport.ask<{ registries: RegistryLine[] }>('GET', '/registries');
    return registries.map((line) => ({ ...line, at: new Date(line.at) }));
  }

  async logout(host: string): Promise<string> {
    const registry = requireName('registry', normalRegistry(host));
    await this.transport.ask('DELETE', of(registry));
    return registry;
  }

  async reseal(): Promise<string[]> {
    return (await this.transport.ask<{ resealed: string[] }>('POST', '/registries/resealing')).resealed;
  }

  audit(last = 50): Promise<AuditTrail> {
    return trailOf(this.transport, '/audit', last);
  }
}

function of(registry: string): string {
  return `/registries/${encodeURIComponent(registry)}`;
}
