import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
} from 'node:crypto';

const cipher = 'aes-256-gcm';
const keyLength = 32;
const nonceLength = 12;
const tagLength = 16;

export type Side = 'client' | 'worker';

/** A key pair for one conversation. */
export class ChannelKey {
  private readonly pair = generateKeyPairSync('x25519');

  /** For the other side, as text. */
  get publicKey(): string {
    return this.pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  }

  /** @throws Error if the other side's key is not one */
  channel(side: Side, other: string): SealedChannel {
    const publicKey = createPublicKey({ key: Buffer.from(other, 'base64'), type: 'spki', format: 'der' });
    const shared = diffieHellman({ privateKey: this.pair.privateKey, publicKey });
    const salt = side === 'client' ? this.publicKey + other : other + this.publicKey;
    return new SealedChannel(side, shared, salt);
  }
}

/** Encrypts the messages of one side, and decrypts those of the other: none can be left out, repeated or moved. */
export class SealedChannel {
  private readonly sending: Direction;
  private readonly receiving: Direction;

  constructor(side: Side, shared: Buffer, salt: string) {
    this.sending = new Direction(side, shared, salt);
    this.receiving = new Direction(side === 'client' ? 'worker' : 'client', shared, salt);
  }

  seal(plain: Buffer): string {
    const sealing = createCipheriv(cipher, this.sending.key, this.sending.nextNonce());
    return Buffer.concat([sealing.update(plain), sealing.final(), sealing.getAuthTag()]).toString('base64');
  }

  /** @throws Error if the message was not sealed by the other side as its next one */
  open(sealed: string): Buffer {
    const bytes = Buffer.from(sealed, 'base64');
    const opening = createDecipheriv(cipher, this.receiving.key, this.receiving.nextNonce(), {
      authTagLength: tagLength,
    });
    opening.setAuthTag(bytes.subarray(-tagLength));
    return Buffer.concat([opening.update(bytes.subarray(0, -tagLength)), opening.final()]);
  }
}

class Direction {
  readonly key: Buffer;
  private count = 0n;

  constructor(side: Side, shared: Buffer, salt: string) {
    this.key = Buffer.from(hkdfSync('sha256', shared, salt, `deploy-code session, from the ${side}`, keyLength));
  }

  nextNonce(): Buffer {
    const nonce = Buffer.alloc(nonceLength);
    nonce.writeBigUInt64BE(this.count, nonceLength - 8);
    this.count += 1n;
    return nonce;
  }
}
