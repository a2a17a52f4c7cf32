import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UserLogIns } from '../../../client/access/log-ins';
import { PasswordHasher, TooBusy } from '../../../guard/access/passwords/hash';
import { openState, sealState } from '../../../guard/access/sealed-state';
import { isName } from '../../../model/names';
import type { StoredUser } from '../../../workflows/messages';
import type { Threats } from '../../access/threats';
import type { ApiMetrics } from '../../metrics';
import { ApiProblem } from '../../problems';
import { Remembered } from '../../remembered';
import { actAs, type AuthContext } from '../context';

/** What a log-in is for: a session of the browser, or the page where users manage their second factors. */
export const purposes = ['session', 'account'] as const;
export type Purpose = (typeof purposes)[number];

/** How long what was asked of the installation is used without another look. */
const rememberMs = 10_000;

interface LocalOptions {
  hasher?: PasswordHasher;
  now?: () => number;
}

/** What the pages of local users work with. */
export class LocalContext {
  readonly now: () => number;
  private readonly hasher: PasswordHasher;
  private readonly users = new Remembered<boolean>({ freshMs: rememberMs });
  private readonly keys = new Remembered<string>({ freshMs: rememberMs });

  constructor(
    readonly auth: AuthContext,
    { hasher = new PasswordHasher(), now = Date.now }: LocalOptions = {},
  ) {
    this.hasher = hasher;
    this.now = now;
  }

  get threats(): Threats {
    return this.auth.threats;
  }

  get metrics(): ApiMetrics {
    return this.auth.metrics;
  }

  get logIns(): UserLogIns {
    return this.auth.client.access.users.logIns;
  }

  /** The domain that passkeys belong to; undefined where browsers have none, as at an address. */
  get passkeyDomain(): string | undefined {
    const { hostname } = new URL(this.auth.origin);
    return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? hostname : undefined;
  }

  /** Whether there is anybody to log in. */
  hasUsers(): Promise<boolean> {
    return this.users.get('any', async () => (await this.auth.client.access.users.list()).length > 0);
  }

  async seal(purpose: string, data: object, validMs: number): Promise<string> {
    return sealState(await this.key(), purpose, data, this.now() + validMs);
  }

  async open(purpose: string, text: string): Promise<unknown> {
    return openState(await this.key(), purpose, text, this.now());
  }

  /** @throws ApiProblem if too many people log in at the moment */
  digest(password: string): Promise<string> {
    return this.hasher.digest(password).catch(busy);
  }

  /** @throws ApiProblem if too many people log in at the moment */
  verify(password: string, digest: string | undefined): Promise<{ isRight: boolean; isOutdated: boolean }> {
    return this.hasher.verify(password, digest).catch(busy);
  }

  /** Performs work of a user who is known; a request does not wait for an engine that is away. */
  as<T>(user: string | undefined, request: FastifyRequest, work: () => Promise<T>): Promise<T> {
    return actAs(this.auth, request, user === undefined ? 'somebody' : `user:${user}`, work);
  }

  private key(): Promise<string> {
    return this.keys.get('key', () => this.logIns.key());
  }
}

function busy(error: unknown): never {
  throw error instanceof TooBusy ? new ApiProblem('too_many', error.message) : error;
}

/** Changes with each password: what was begun with one does not go on with another. */
export function markOf({ handle, password = '' }: StoredUser): string {
  return createHash('sha256').update(`${handle} ${password}`).digest('base64url');
}

export function hasSecondFactor({ totp, passkeys }: StoredUser): boolean {
  return totp !== undefined || passkeys.length > 0;
}

const longestField = 16_000;

/**
 * The fields of a form, and no others.
 * @throws ApiProblem for a field that the page does not have
 */
export function fieldsOf<Name extends string>(
  { body }: FastifyRequest,
  ...names: Name[]
): Partial<Record<Name, string>> {
  const given = Object.entries((body ?? {}) as Record<string, unknown>).filter(([name]) => name !== 'form_token');
  const isFine = ([name, value]: [string, unknown]) =>
    (names as string[]).includes(name) && typeof value === 'string' && value.length <= longestField;
  if (given.every(isFine)) return Object.fromEntries(given) as Partial<Record<Name, string>>;
  throw new ApiProblem('bad_input', 'the form has a field that its page does not have, or one that is too long');
}

/** The name of a user in a form; undefined for one that nobody can have. */
export function userIn(text: string | undefined): string | undefined {
  return isName('localUser', text?.trim()) ? text!.trim() : undefined;
}

export function purposeIn(text: string | undefined): Purpose {
  return purposes.find((each) => each === text) ?? 'session';
}

export type Answer = Promise<FastifyReply>;
