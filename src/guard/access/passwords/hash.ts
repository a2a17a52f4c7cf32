import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { spellingOf } from './policy';

/**
 * Digests of passwords: `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`, salt and hash in base64url. The parameters are part of
 * it: they can be raised, and digests with lower ones stay valid until the next log-in renews them.
 */

interface Cost {
  logN: number;
  r: number;
  p: number;
}

const current: Cost = { logN: 17, r: 8, p: 1 };
const form = /^scrypt\$(1[0-9]|20)\$([1-9]|1[0-6])\$([1-4])\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;
const saltBytes = 16;
const hashBytes = 32;
/** Each needs 128 MiB, and a thread of the four that also read files and look names up. */
const mostAtOnce = 2;
const mostWaiting = 32;

/** Too many passwords are checked at the moment. */
export class TooBusy extends Error {
  constructor() {
    super('too many people log in at the moment; try again in a few seconds');
  }
}

/** Computes digests off the event loop, a few at once. */
export class PasswordHasher {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly cost: Cost = current,
    private readonly atOnce = mostAtOnce,
    private readonly atMostWaiting = mostWaiting,
  ) {}

  /** The digest of a new password. @throws TooBusy */
  async digest(password: string): Promise<string> {
    const salt = randomBytes(saltBytes);
    const hash = await this.hash(password, salt, this.cost);
    const { logN, r, p } = this.cost;
    return ['scrypt', logN, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
  }

  /**
   * Whether a password has a digest, and whether the digest should be renewed. Without a digest the same work is done:
   * the time does not tell whether there is a user.
   * @throws TooBusy
   */
  async verify(password: string, digest: string | undefined): Promise<{ isRight: boolean; isOutdated: boolean }> {
    const [, logN, r, p, salt, expected] = form.exec(digest ?? '') ?? [];
    if (expected === undefined) {
      await this.hash(password, randomBytes(saltBytes), this.cost);
      return { isRight: false, isOutdated: false };
    }
    const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
    const hash = await this.hash(password, Buffer.from(salt!, 'base64url'), cost);
    const isRight = timingSafeEqual(hash, Buffer.from(expected, 'base64url'));
    return { isRight, isOutdated: isRight && workOf(cost) < workOf(this.cost) };
  }

  private async hash(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
    await this.turn();
    try {
      return await scryptOf(spellingOf(password), salt, cost);
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  private async turn(): Promise<void> {
    while (this.running >= this.atOnce) {
      if (this.waiting.length >= this.atMostWaiting) throw new TooBusy();
      await new Promise<void>((next) => this.waiting.push(next));
    }
    this.running += 1;
  }
}

function workOf({ logN, r, p }: Cost): number {
  return 2 ** logN * r * p;
}

function scryptOf(password: string, salt: Buffer, { logN, r, p }: Cost): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** logN, r, p, maxmem: 2 * 128 * 2 ** logN * r };
  return new Promise((done, fail) =>
    scrypt(password, salt, hashBytes, options, (error, hash) => (error ? fail(error) : done(hash))),
  );
}
