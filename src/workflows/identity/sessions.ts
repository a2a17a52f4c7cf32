import { endOf, lifetimes } from '../../model/access';
import {
  sessionLimits,
  type ExchangeRecord,
  type KeptAccess,
  type KeyPublication,
  type Refreshed,
  type SessionGrant,
  type SessionOpening,
  type SessionRefresh,
  type SessionRevocation,
  type StoredSession,
  type SubjectEnd,
} from '../messages';
import { recordAct, refusal } from '../support/installation';

/** A JWT of a session that has ended is refused for this time; after it, it has expired. */
const rememberMs = lifetimes.accessToken + lifetimes.skew;

/** The sessions of people, and the public keys of the servers. */
export class Sessions {
  constructor(private readonly kept: KeptAccess) {}

  /** Those that have not ended. */
  get current(): Record<string, StoredSession> {
    return select(this.kept.sessions ?? {}, (session) => endOf(session) > Date.now());
  }

  find(id: string): StoredSession | undefined {
    return own(this.current, id);
  }

  /** Opens a session, after the audit trail has it. */
  async open({ id, groups, ...opening }: SessionOpening): Promise<SessionGrant> {
    const at = Date.now();
    const until = at + (opening.kind === 'browser' ? lifetimes.idle : lifetimes.session);
    const session = { ...opening, groups: groups.slice(0, sessionLimits.groups), at, seenAt: at, until };
    this.prune();
    this.requireRoom(session);
    await recordAct(this.kept, opening, `access session ${id} of ${session.subject} by ${session.method}`);
    this.prune();
    this.makeRoomFor(session.subject);
    this.requireRoom(session);
    this.kept.sessions = { ...this.kept.sessions, [id]: session };
    return grantOf(id, session);
  }

  /** Replaces the token of a session by the next one. An earlier token ends the session: it was copied. */
  async refresh({ id, family, digest, next, ...act }: SessionRefresh): Promise<Refreshed> {
    const session = this.find(id);
    if (session?.kind !== 'command-line' || session.family !== family) return { problem: 'unknown' };
    if (session.digest !== digest) {
      this.end(id);
      await recordAct(this.kept, act, `access revoke session ${id} of ${session.subject}: a token was used twice`);
      return { problem: 'reused' };
    }
    const refreshed = { ...session, digest: next, seenAt: Date.now() };
    this.kept.sessions = { ...this.kept.sessions, [id]: refreshed };
    return { grant: grantOf(id, refreshed) };
  }

  async revoke({ id, ...act }: SessionRevocation, why = ''): Promise<boolean> {
    const session = this.find(id);
    if (!session) return false;
    this.end(id);
    await recordAct(this.kept, act, `access revoke session ${id} of ${session.subject}${why}`);
    return true;
  }

  /** One record, however many sessions there are. */
  async endAllOf({ subject, ...act }: SubjectEnd): Promise<number> {
    const theirs = Object.entries(this.current).filter(([, session]) => session.subject === subject);
    for (const [id] of theirs) this.end(id);
    if (theirs.length > 0) await recordAct(this.kept, act, `access revoke all sessions of ${subject}`);
    return theirs.length;
  }

  async publish({ id, x, until, ...act }: KeyPublication): Promise<undefined> {
    this.prune();
    const latest = Date.now() + lifetimes.key + lifetimes.accessToken + lifetimes.skew;
    if (Object.keys(this.kept.keys ?? {}).length >= sessionLimits.keys)
      throw refusal(`the installation keeps at most ${sessionLimits.keys} keys of servers; try again later`);
    await recordAct(this.kept, act, `access key ${id} of a server`);
    this.kept.keys = { ...this.kept.keys, [id]: { x, until: Math.min(until, latest) } };
  }

  /** A token of a CI job leaves nothing but a record. */
  async recordExchange({ id, subject, workload, ...act }: ExchangeRecord): Promise<undefined> {
    await recordAct(this.kept, act, `access token ${id} for ${subject} by workload ${workload}`);
  }

  /** Forgets what has ended. */
  private prune(): void {
    const now = Date.now();
    this.kept.sessions = this.current;
    this.kept.keys = select(this.kept.keys ?? {}, ({ until }) => until > now);
    this.kept.revoked = select(this.kept.revoked ?? {}, (at) => at + rememberMs > now);
  }

  private end(id: string): void {
    this.kept.sessions = without(this.kept.sessions ?? {}, id);
    this.kept.revoked = { ...this.kept.revoked, [id]: Date.now() };
  }

  /** Ends the sessions that their subject has not used for the longest time. */
  private makeRoomFor(subject: string): void {
    const theirs = Object.entries(this.current)
      .filter(([, session]) => session.subject === subject)
      .sort(([, one], [, other]) => other.seenAt - one.seenAt);
    for (const [id] of theirs.slice(sessionLimits.perSubject - 1)) this.end(id);
  }

  private requireRoom(session: StoredSession): void {
    const { sessions = {}, revoked = {} } = this.kept;
    const isFull =
      Object.keys(sessions).length >= sessionLimits.count ||
      Object.keys(revoked).length >= sessionLimits.revoked ||
      JSON.stringify(sessions).length + JSON.stringify(session).length > sessionLimits.characters;
    if (isFull) throw refusal('there are too many sessions; an admin can end some (`deploy-code access session list`)');
  }
}

function grantOf(id: string, { subject, groups, method, until }: StoredSession): SessionGrant {
  return { id, subject, groups, method, until };
}

/** The entry of a record with this key, and nothing that every object has. */
export function own<T>(record: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The entries of a record that fit. */
export function select<T>(record: Record<string, T>, fits: (value: T) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => fits(value)));
}

/** A record without one of its entries. */
export function without<T>(record: Record<string, T>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([each]) => each !== key));
}
