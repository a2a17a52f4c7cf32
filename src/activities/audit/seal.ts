import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The MAC of a record, and the id of its key. */
export interface Mark {
  key: string;
  mac: string;
}

interface Key {
  /** Identifies the key without revealing it. */
  id: string;
  secret: Buffer;
}

/** Proves that an installation wrote a record: without the installation's key nobody can forge one. */
export class Seal {
  private readonly current: Key;
  private readonly keys: ReadonlyMap<string, Key>;

  /** `former`: keys that only prove earlier records. */
  constructor(installationKey: Uint8Array, ...former: Uint8Array[]) {
    const all = [installationKey, ...former].map(toKey);
    this.current = all[0]!;
    this.keys = new Map(all.map((key) => [key.id, key]));
  }

  /** The id of the current key. */
  get id(): string {
    return this.current.id;
  }

  /** Whether it can prove records with the key of this id. */
  knows(id: string): boolean {
    return this.keys.has(id);
  }

  /** `trail`: included in the MAC, so that a record cannot be moved to another trail. */
  mark(trail: string, hash: string): Mark {
    return { key: this.id, mac: macOf(this.current, trail, hash) };
  }

  proves(trail: string, hash: string, { key, mac }: Mark): boolean {
    const known = this.keys.get(key);
    if (!known) return false;
    const [expected, given] = [Buffer.from(macOf(known, trail, hash)), Buffer.from(mac)];
    return expected.length === given.length && timingSafeEqual(expected, given);
  }
}

function toKey(installationKey: Uint8Array): Key {
  const secret = createHmac('sha256', installationKey).update('deploy-code audit trail').digest();
  const id = createHash('sha256').update('deploy-code audit key').update(secret).digest('hex').slice(0, 16);
  return { id, secret };
}

function macOf({ secret }: Key, trail: string, hash: string): string {
  return createHmac('sha256', secret).update(`${trail}\n${hash}`).digest('hex');
}
