import { randomBytes } from 'node:crypto';
import { lifetimes } from '../../../model/access';

/** Claims of an access token, besides those that every one has. */
export interface Identity {
  subject: string;
  groups: readonly string[];
  /** Of the session that it belongs to; absent: it belongs to none, and cannot be refreshed. */
  session?: string;
  /** The latest end, in ms since the epoch. */
  until?: number;
  client: string;
}

export interface AccessToken {
  id: string;
  text: string;
  /** In seconds from now. */
  expiresIn: number;
}

interface Key {
  id: string;
  sign: (claims: Record<string, unknown>) => Promise<string>;
  /** When another key takes its place, in ms since the epoch. */
  until: number;
}

type Publish = (key: { id: string; x: string; until: number }) => Promise<void>;

/** What the JWTs of this installation are for. */
export const audienceOf = (issuer: string): string => `${issuer}/api/v1`;

/** A JWT of this type is an access token (RFC 9068), never one for something else. */
export const accessTokenType = 'at+jwt';
const idBytes = 8;

/**
 * The private keys of this process, each for a day. None leaves the process: the installation keeps the public half of
 * each, by which every server verifies.
 */
export class SigningKeys {
  private current?: Promise<Key>;

  constructor(
    private readonly issuer: string,
    private readonly publish: Publish,
    private readonly now = Date.now,
  ) {}

  /** A JWT of ten minutes, or until the end of its session if that is sooner. */
  async issue({ subject, groups, session, until = Infinity, client }: Identity): Promise<AccessToken> {
    const { sign } = await this.key();
    const at = Math.floor(this.now() / 1000);
    const expiresAt = Math.min(at + lifetimes.accessToken / 1000, Math.floor(until / 1000));
    const id = randomBytes(idBytes).toString('hex');
    const text = await sign({
      iss: this.issuer,
      aud: audienceOf(this.issuer),
      sub: subject,
      groups,
      ...(session !== undefined && { sid: session }),
      client_id: client,
      jti: id,
      iat: at,
      exp: expiresAt,
    });
    return { id, text, expiresIn: expiresAt - at };
  }

  /** The key of today. One that could not be published is made anew by the next request. */
  private async key(): Promise<Key> {
    const known = await this.current;
    if (known && known.until > this.now()) return known;
    // Another request may have begun a key meanwhile.
    if (this.current && (await this.current) !== known) return this.key();
    const making = this.create();
    this.current = making;
    making.catch(() => {
      if (this.current === making) this.current = undefined;
    });
    return making;
  }

  private async create(): Promise<Key> {
    const { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } = await import('jose');
    const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: false });
    const jwk = await exportJWK(publicKey);
    const id = await calculateJwkThumbprint(jwk, 'sha256');
    const until = this.now() + lifetimes.key;
    await this.publish({ id, x: jwk.x!, until: until + lifetimes.accessToken + lifetimes.skew });
    return {
      id,
      until,
      sign: (claims) =>
        new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', typ: accessTokenType, kid: id }).sign(privateKey),
    };
  }
}
