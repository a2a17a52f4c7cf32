import { storedName, type SealingKey } from '../../model/instance';
import { requireName } from '../../model/names';
import type { Place } from '../../workflows/messages';
import { sealValue } from '../secrets/seal';
import type { StoredSecretLine } from '../secrets/stored';
import type { KeyUses } from '../secrets/uses';
import { pathOf } from './paths';
import type { Transport } from './transport';

/** Secrets that the engine stores for an environment, through a server, which never sees a value. */
export class RemoteSecrets {
  constructor(private readonly transport: Transport) {}

  async set(place: Place, name: string, value: string | Uint8Array): Promise<void> {
    requireName('stored', name);
    const key = await this.transport.ask<SealingKey>('GET', `${pathOf(place)}/sealing-key`);
    const { stack, environment } = place;
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    await this.store(place, name, sealValue(bytes, key, { stack, environment, name: storedName(name) }));
  }

  store(place: Place, name: string, sealed: string): Promise<void> {
    return this.transport.ask('PUT', of(place, name), { body: { sealed } });
  }

  async list(place: Place): Promise<StoredSecretLine[]> {
    const { secrets } = await this.transport.ask<{ secrets: StoredSecretLine[] }>('GET', `${pathOf(place)}/secrets`);
    return secrets.map((line) => ({ ...line, at: new Date(line.at) }));
  }

  async names(place: Place): Promise<string[]> {
    return (await this.list(place)).map(({ name }) => name);
  }

  remove(place: Place, name: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    return this.transport.ask('DELETE', of(place, name), { query: { force } });
  }

  async reseal(place: Place): Promise<string[]> {
    return (await this.transport.ask<{ resealed: string[] }>('POST', `${pathOf(place)}/secrets/resealing`)).resealed;
  }

  keys(place: Place): Promise<{ current: string; uses: KeyUses[] }> {
    return this.transport.ask('GET', `${pathOf(place)}/sealing-key/uses`);
  }
}

function of(place: Place, name: string): string {
  return `${pathOf(place)}/secrets/${encodeURIComponent(requireName('stored', name))}`;
}
