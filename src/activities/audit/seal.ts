import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The MAC of a record, and the id of its key. */
export interface Mark {
  key: string;
  mac: string;
}

/** Proves that an installation wrote a record: without the installation's key nobody can forge one. */
export class Seal {
  /** Identifies the key without revealing it. */
  readonly id: string;
  private readonly secret: Buffer;

  constructor(installationKey: Uint8Array) {
    this.secret = createHmac('sha256', installationKey).update('deploy-code audit trail').digest();
    this.id = createHash('sha256').update('deploy-code audit key').update(this.secret).digest('hex').slice(0, 16);
  }

  /** `trail`: included in the MAC, so that a record cannot be moved to another trail. */
  mark(trail: string, hash: string): Mark {
    return { key: this.id, mac: this.macOf(trail, hash) };
  }

  proves(trail: string, hash: string, { key, mac }: Mark): boolean {
    const [expected, given] = [Buffer.from(this.macOf(trail, hash)), Buffer.from(mac)];
    return key === this.id && expected.length === given.length && timingSafeEqual(expected, given);
  }

  private macOf(trail: string, hash: string): string {
    return createHmac('sha256', this.secret).update(`${trail}\n${hash}`).digest('hex');
  }
}
