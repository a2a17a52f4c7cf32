import { setTimeout as sleep } from 'node:timers/promises';
import { parseApiToken } from '../../guard/access/api-token';
import { isSameDigest, sha256 } from '../../guard/access/digest';
import { monotonicMs } from '../../guard/monotonic';
import type { Binding } from '../../model/access';
import type { AccessState, StoredSession } from '../../workflows/messages';
import { keyIdOf, looksLikeJwt, Verifier } from '../auth/jwt/verifier';
import { browserSessionOf } from './browser-session';
import type { Caller } from './caller';
import { Remembered } from '../remembered';
import { Recognised, type Recognition } from './recognised';

export type { Caller } from './caller';

/** Besides what the installation keeps. */
export interface DirectoryOptions {
  /** The address of the installation; absent: nobody can log in, and no JWT is valid. */
  issuer?: string;
  /** Roles that are declared in a file. */
  declared?: () => readonly Binding[];
  elapsed?: () => number;
  pause?: (ms: number) => Promise<unknown>;
}

/** What the directory needs of the client. */
export interface AccessSource {
  state(): Promise<AccessState>;
  recordUses(uses: Record<string, number>): Promise<void>;
  sessions: { find(id: string): Promise<StoredSession | undefined> };
}

/** A recognition, and what it was made from. */
interface Found extends Recognition {
  state: AccessState;
  declared: readonly Binding[];
}

const none: readonly Binding[] = [];
/** What was read is used without another look for this time. */
const freshMs = 1000;
/** What was read longer ago is not used: a token that was revoked elsewhere is refused within five seconds. */
const usableMs = 4000;
/** A token that is not known is looked for again once the last look was this long ago. */
const newTokenMs = 250;
/** Uses of tokens are recorded together. */
const recordEveryMs = 60_000;

/** Who may do what, as a server sees it. Keeps the last state, and reads a new one while there are requests. */
export class AccessDirectory {
  private known?: { state: AccessState; at: number };
  private reading?: Promise<AccessState>;
  private uses = new Map<string, number>();
  private readonly recording: NodeJS.Timeout;
  private readonly verifier?: Verifier;
  private readonly recognised = new Recognised();
  private browsers = rememberedSessions();
  /** How browsers have their session; absent: nobody can log in. */
  readonly cookies?: { isSecure: boolean };
  /** The roles that a file declares. */
  readonly declared: () => readonly Binding[];
  private readonly elapsed: () => number;
  private readonly pause: (ms: number) => Promise<unknown>;

  constructor(
    private readonly source: AccessSource,
    private readonly onFailure: (error: Error) => void,
    { issuer, declared = () => none, elapsed = monotonicMs, pause = sleep }: DirectoryOptions = {},
  ) {
    this.elapsed = elapsed;
    this.pause = pause;
    this.declared = declared;
    if (issuer !== undefined) {
      this.verifier = new Verifier(issuer);
      this.cookies = { isSecure: issuer.startsWith('https:') };
    }
    this.recording = setInterval(() => void this.flush(), recordEveryMs);
    this.recording.unref();
  }

  /** The owner of a token that was valid a moment ago; undefined for one that has to be looked at. Does not wait. */
  recognise(text: string, now = Date.now()): Caller | undefined {
    if (this.age >= freshMs) return undefined;
    const found = this.recognised.find(sha256(text), this.known!.state, this.declared(), now);
    if (found?.isApiToken) this.uses.set(found.caller.token, now);
    return found?.caller;
  }

  /** The owner of a token; undefined if it is not valid. @throws EngineUnreachable if nobody can tell */
  async authenticate(text: string, now = Date.now()): Promise<Caller | undefined> {
    const found = await (looksLikeJwt(text) ? this.ofJwt(text, now) : this.ofApiToken(text, now));
    if (!found) return undefined;
    if (found.isApiToken) this.uses.set(found.caller.token, now);
    this.recognised.keep(sha256(text), found, found.state, found.declared);
    return found.caller;
  }

  /** The owner of the session that a browser has in its cookie; undefined if it has ended. */
  async ofBrowser(cookie: string): Promise<Caller | undefined> {
    const session = await browserSessionOf(cookie, (id) => this.browsers.get(id, () => this.source.sessions.find(id)));
    if (!session) return undefined;
    const state = await this.current();
    if (isRevoked(state, session.id)) return undefined;
    const { subject, groups, id } = session;
    return callerOf({ state, declared: this.declared() }, { subject, groups, session: id }, id);
  }

  private async ofApiToken(text: string, now: number): Promise<Found | undefined> {
    const given = parseApiToken(text);
    if (!given) return undefined;
    const state = await this.stateWith(({ tokens }) => Object.hasOwn(tokens, given.id));
    const token = Object.hasOwn(state.tokens, given.id) ? state.tokens[given.id] : undefined;
    if (!token || !isSameDigest(token.digest, given.digest)) return undefined;
    if (token.until !== undefined && token.until <= now) return undefined;
    const { subject, limit, until = Infinity } = token;
    const declared = this.declared();
    const roles = rolesOf(state, declared, [subject]);
    const caller = { subject, token: given.id, roles, ...(limit && { limit }) };
    return { caller, until, isApiToken: true, state, declared };
  }

  private async ofJwt(text: string, now: number): Promise<Found | undefined> {
    const key = keyIdOf(text);
    if (!this.verifier || key === undefined) return undefined;
    const state = await this.stateWith(({ keys = {} }) => Object.hasOwn(keys, key));
    const claims = await this.verifier.verify(text, state.keys ?? {}, now);
    if (!claims) return undefined;
    if (claims.session !== undefined && isRevoked(state, claims.session)) return undefined;
    const declared = this.declared();
    const caller = callerOf({ state, declared }, claims, claims.session ?? claims.id);
    const until = Math.min(claims.until, state.keys?.[claims.key]?.until ?? 0);
    return { caller, until, isApiToken: false, state, declared };
  }

  /** @throws EngineUnreachable if nobody could be let in now */
  async check(): Promise<void> {
    await this.current();
  }

  /** Sources that servers have blocked, and until when, in ms since the epoch, by the last look. Does not wait. */
  blocked(): Readonly<Record<string, number>> | undefined {
    if (this.age >= freshMs) this.read().catch(() => undefined);
    return this.known?.state.blocked;
  }

  /** The public keys of the servers, by their ids; also one that another server has just made. */
  async keys(): Promise<NonNullable<AccessState['keys']>> {
    return (await this.nextLook()).keys ?? {};
  }

  /** Forgets what was read, after a change through this server. */
  forget(): void {
    this.known = undefined;
    this.reading = undefined;
    this.browsers = rememberedSessions();
  }

  /** Records the uses since the last time. */
  async flush(): Promise<void> {
    const uses = Object.fromEntries(this.uses);
    this.uses = new Map();
    if (Object.keys(uses).length > 0) await this.source.recordUses(uses).catch(this.onFailure);
  }

  async close(): Promise<void> {
    clearInterval(this.recording);
    await this.flush();
  }

  /**
   * An unknown token may be new, so the state is read again: but for all such requests together, however many somebody
   * tries. A look that began before the request does not count.
   */
  private async stateWith(isKnown: (state: AccessState) => boolean): Promise<AccessState> {
    const asked = this.elapsed();
    const state = await this.current();
    if (isKnown(state)) return state;
    const next = await this.nextLook();
    return isKnown(next) || (this.known && this.known.at > asked) ? next : this.nextLook();
  }

  private async nextLook(): Promise<AccessState> {
    const asked = this.elapsed();
    const waitMs = newTokenMs - this.age;
    if (waitMs > 0) await this.pause(waitMs);
    return this.known && this.known.at > asked ? this.known.state : this.read();
  }

  private get age(): number {
    return this.known ? this.elapsed() - this.known.at : Infinity;
  }

  private async current(): Promise<AccessState> {
    const { age } = this;
    if (age < freshMs) return this.known!.state;
    const reading = this.read();
    if (age >= usableMs) return reading;
    reading.catch(this.onFailure);
    return this.known!.state;
  }

  /** One look at a time, however many requests wait for it. */
  private read(): Promise<AccessState> {
    if (this.reading) return this.reading;
    const begun = this.elapsed();
    const reading = this.source
      .state()
      .then((state) => {
        if (this.reading === reading) this.known = { state, at: begun };
        return state;
      })
      .finally(() => {
        if (this.reading === reading) this.reading = undefined;
      });
    this.reading = reading;
    return reading;
  }
}

const rememberedSessions = () => new Remembered<StoredSession | undefined>({ freshMs, most: 5000 });

function isRevoked({ revoked = {} }: AccessState, session: string): boolean {
  return Object.hasOwn(revoked, session);
}

/** A person, with the roles that they and their groups have. */
function callerOf(
  { state, declared }: Pick<Found, 'state' | 'declared'>,
  person: { subject: string; groups: readonly string[]; session?: string },
  token: string,
): Caller {
  const { subject, session } = person;
  const groups = person.groups.map((group) => `group:${group}`);
  return {
    subject,
    token,
    roles: rolesOf(state, declared, [subject, ...groups]),
    ...(groups.length > 0 && { groups }),
    ...(session !== undefined && { session }),
  };
}

/** What the installation keeps, and what a file declares. */
function rolesOf({ bindings }: AccessState, declared: readonly Binding[], subjects: readonly string[]): Binding[] {
  return [...bindings, ...declared].filter(({ subject }) => subjects.includes(subject));
}
