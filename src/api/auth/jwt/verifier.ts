import { sha256 } from '../../../guard/access/digest';
import { keepLatest } from '../../../guard/bounded';
import { isName } from '../../../model/names';
import type { SigningKey } from '../../../workflows/messages';
import { accessTokenType, audienceOf } from './signing-keys';

/** What a valid access token says. */
export interface Claims {
  subject: string;
  groups: string[];
  /** Of the session that it belongs to. */
  session?: string;
  /** Of the token itself. */
  id: string;
  /** Of the key that it was signed with. */
  key: string;
  /** In ms since the epoch. */
  until: number;
}

const form = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const mostVerified = 5000;

/** True for a text that looks like a JWT; says nothing about whether it is valid. */
export function looksLikeJwt(text: string): boolean {
  return form.test(text);
}

/** The id of the key that a JWT says that it is signed with. */
export function keyIdOf(text: string): string | undefined {
  try {
    const header = JSON.parse(Buffer.from(text.split('.')[0]!, 'base64url').toString()) as { kid?: unknown } | null;
    return isName('keyId', header?.kid) ? header.kid : undefined;
  } catch {
    return undefined;
  }
}

/** Verifies access tokens of this installation. A signature is checked once; the rest of a token at each request. */
export class Verifier {
  private readonly verified = new Map<string, Claims>();

  constructor(private readonly issuer: string) {}

  /** The claims of a token that one of these keys has signed; undefined if it is not valid now. */
  async verify(text: string, keys: Record<string, SigningKey>, now: number): Promise<Claims | undefined> {
    const digest = sha256(text);
    const claims = this.verified.get(digest) ?? (await this.read(text, keys, now));
    if (!claims) return undefined;
    const key = Object.hasOwn(keys, claims.key) ? keys[claims.key] : undefined;
    if (!key || key.until <= now || claims.until <= now) return void this.verified.delete(digest);
    keepLatest(this.verified, digest, claims, mostVerified);
    return claims;
  }

  /** The algorithm is that of our keys, whatever the token says. */
  private async read(text: string, keys: Record<string, SigningKey>, now: number): Promise<Claims | undefined> {
    const id = keyIdOf(text);
    const key = id !== undefined && Object.hasOwn(keys, id) ? keys[id] : undefined;
    if (id === undefined || !key) return undefined;
    const { importJWK, jwtVerify } = await import('jose');
    const publicKey = await importJWK({ kty: 'OKP', crv: 'Ed25519', x: key.x }, 'EdDSA');
    const verified = await jwtVerify(text, publicKey, {
      algorithms: ['EdDSA'],
      typ: accessTokenType,
      issuer: this.issuer,
      audience: audienceOf(this.issuer),
      requiredClaims: ['iss', 'aud', 'sub', 'jti', 'iat', 'exp'],
      currentDate: new Date(now),
    }).catch(() => undefined);
    return verified && claimsOf(verified.payload, id);
  }
}

function claimsOf(payload: Record<string, unknown>, key: string): Claims | undefined {
  const { sub, groups, sid, jti, exp } = payload;
  if (!isName('subject', sub) || !isName('tokenId', jti)) return undefined;
  if (!Array.isArray(groups) || !groups.every((group) => isName('group', group))) return undefined;
  if (sid !== undefined && !isName('tokenId', sid)) return undefined;
  return {
    subject: sub,
    groups,
    id: jti,
    key,
    until: (exp as number) * 1000,
    ...(sid !== undefined && { session: sid }),
  };
}
