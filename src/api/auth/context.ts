import type { FastifyRequest } from 'fastify';
import { actingFor } from '../../client';
import type { AccessConfig } from '../../config/access';
import type { Threats } from '../access/threats';
import type { ApiMetrics } from '../metrics';
import type { OnFailure } from '../problems';
import { whileReachable } from '../reach';
import type { Services } from '../route';
import { SigningKeys } from './jwt/signing-keys';

/** How people and CI jobs log in. */
export interface PeopleOptions {
  /** The address of the installation for browsers and programs, without a path: `https://deploy.example.com`. */
  externalUrl: string;
  /** What the access file declares now. */
  declared: () => AccessConfig;
}

/** What pages and endpoints of log-in work with. */
export interface AuthContext extends Services {
  /** The address of the installation; the issuer of its JWTs. */
  issuer: string;
  origin: string;
  /** True with TLS; without it, the server is for this machine only. */
  isSecure: boolean;
  keys: SigningKeys;
  declared: () => AccessConfig;
  threats: Threats;
  metrics: ApiMetrics;
  onFailure: OnFailure;
}

/** Performs work of a subject; a request does not wait for an engine that is away. */
export function actAs<T>(
  { access }: Pick<AuthContext, 'access'>,
  request: FastifyRequest,
  subject: string,
  work: () => Promise<T>,
): Promise<T> {
  return actingFor({ by: subject, from: request.ip }, () => whileReachable(() => access.check(), work));
}

export function createAuthContext(
  services: Services,
  { externalUrl, declared }: PeopleOptions,
  guards: Pick<AuthContext, 'threats' | 'metrics' | 'onFailure'>,
): AuthContext {
  const { origin, protocol } = new URL(externalUrl);
  const { client, access } = services;
  const keys = new SigningKeys(externalUrl, async (key) => {
    await client.access.sessions.publishKey(key);
    access.forget();
  });
  return { ...services, issuer: externalUrl, origin, isSecure: protocol === 'https:', keys, declared, ...guards };
}
