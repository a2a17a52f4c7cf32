import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import type { AccessConfig, Workload } from '../../config/access';
import { ApiProblem } from '../problems';
import { Remembered } from '../remembered';
import { OAuthError } from './oauth/protocol';

/** Tokens of CI jobs, signed by the CI system itself. */

/** Signatures with public keys only: with an HMAC, a public key would be the secret. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const timeoutMs = 10_000;
const freshMs = 3_600_000;
const skewSeconds = 5;

/** An issuer, as it describes itself. */
interface Issuer {
  issuer: string;
  keys: JWTVerifyGetKey;
}

/** Who a job acts as. */
export interface Job {
  subject: string;
  /** The workload of the access file that lets it in. */
  workload: string;
}

export class Workloads {
  private readonly issuers = new Remembered<Issuer>({ freshMs });

  constructor(
    private readonly audience: string,
    private readonly onFailure: (error: Error) => void,
  ) {}

  /** Who the job with a token acts as. @throws OAuthError if the token is not valid, or no rule fits it */
  async jobOf(token: string, workloads: AccessConfig['workloads']): Promise<Job> {
    const { decodeJwt } = await import('jose');
    const issuer = issuerIn(() => decodeJwt(token).iss);
    for (const [name, workload] of Object.entries(workloads)) {
      if (sameUrl(workload.issuer) !== sameUrl(issuer)) continue;
      const payload = await this.verify(token, workload);
      const rule = payload && workload.rules.find(({ claims }) => matches(claims, payload));
      if (rule) return { subject: rule.subject, workload: name };
    }
    throw new OAuthError(
      'invalid_grant',
      'the token of the job is not valid, or no rule of a workload fits its claims',
    );
  }

  private async verify(token: string, { issuer, audience = this.audience }: Workload): Promise<JWTPayload | undefined> {
    const [{ jwtVerify }, { issuer: exact, keys }] = await Promise.all([
      import('jose'),
      this.issuers.get(issuer, () => this.discover(issuer)),
    ]);
    const options = {
      issuer: exact,
      audience,
      algorithms,
      requiredClaims: ['iss', 'aud', 'sub', 'exp', 'iat'],
      clockTolerance: skewSeconds,
    };
    return jwtVerify(token, keys, options).then(
      ({ payload }) => payload,
      (error: Error) => {
        this.onFailure(new Error(`a token of a job was refused: ${error.message}`, { cause: error }));
        return undefined;
      },
    );
  }

  /** @throws ApiProblem if the issuer does not answer */
  private async discover(issuer: string): Promise<Issuer> {
    const [{ allowInsecureRequests, discovery }, { createRemoteJWKSet }] = await Promise.all([
      import('openid-client'),
      import('jose'),
    ]);
    const isLocal = issuer.startsWith('http:');
    try {
      const configuration = await discovery(new URL(issuer), 'deploy-code', undefined, undefined, {
        timeout: timeoutMs / 1000,
        execute: isLocal ? [allowInsecureRequests] : [],
      });
      const { jwks_uri: address = '', issuer: exact } = configuration.serverMetadata();
      const url = new URL(address);
      if (url.protocol !== 'https:' && !isLocal) throw new Error('its keys are not at an https:// address');
      return { issuer: exact, keys: createRemoteJWKSet(url, { timeoutDuration: timeoutMs }) };
    } catch (error) {
      this.onFailure(new Error(`the issuer ${issuer}: ${(error as Error).message}`, { cause: error }));
      throw new ApiProblem('unreachable', `the issuer ${issuer} cannot be reached`);
    }
  }
}

/** True if a token has every claim of a rule. `*` at the end of a pattern stands for anything. */
export function matches(rule: Record<string, string>, payload: Record<string, unknown>): boolean {
  return Object.entries(rule).every(([claim, pattern]) => {
    const value = Object.hasOwn(payload, claim) ? payload[claim] : undefined;
    const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    if (typeof text !== 'string') return false;
    return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
  });
}

function issuerIn(read: () => string | undefined): string {
  try {
    return read() ?? '';
  } catch {
    throw new OAuthError('invalid_request', 'subject_token must be the OIDC token of a job');
  }
}

function sameUrl(text: string): string {
  return text.replace(/\/$/, '');
}
