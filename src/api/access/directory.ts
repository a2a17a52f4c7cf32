import { timingSafeEqual } from 'node:crypto';
import { parseApiToken } from '../../guard/access/api-token';
import { monotonicMs } from '../../guard/monotonic';
import type { Grants } from '../../model/access';
import type { AccessState } from '../../workflows/messages';

/** Somebody whose token is valid. */
export interface Caller extends Grants {
  subject: string;
  token: string;
}

/** What the directory needs of the client. */
export interface AccessSource {
  state(): Promise<AccessState>;
  recordUses(uses: Record<string, number>): Promise<void>;
}

/** What was read is used without another look for this time. */
const freshMs = 2000;
/** What was read longer ago is not used: a token that was revoked elsewhere is refused within five seconds. */
const usableMs = 4000;
/** A token that is not known is looked for again if the last look was longer ago. */
const newTokenMs = 250;
/** Uses of tokens are recorded together. */
const recordEveryMs = 60_000;

/** Who may do what, as a server sees it. Keeps the last state, and reads a new one while there are requests. */
export class AccessDirectory {
  private known?: { state: AccessState; at: number };
  private reading?: Promise<AccessState>;
  private uses = new Map<string, number>();
  private readonly recording: NodeJS.Timeout;

  constructor(
    private readonly source: AccessSource,
    private readonly onFailure: (error: Error) => void,
    private readonly elapsed = monotonicMs,
  ) {
    this.recording = setInterval(() => void this.flush(), recordEveryMs);
    this.recording.unref();
  }

  /** The owner of a token; undefined if it is not valid. @throws EngineUnreachable if nobody can tell */
  async authenticate(text: string, now = Date.now()): Promise<Caller | undefined> {
    const given = parseApiToken(text);
    if (!given) return undefined;
    const { tokens, bindings } = await this.stateWith(given.id);
    const token = Object.hasOwn(tokens, given.id) ? tokens[given.id] : undefined;
    if (!token || !timingSafeEqual(Buffer.from(token.digest, 'hex'), Buffer.from(given.digest, 'hex')))
      return undefined;
    if (token.until !== undefined && token.until <= now) return undefined;
    this.uses.set(given.id, now);
    const { subject, limit } = token;
    const roles = bindings.filter((binding) => binding.subject === subject);
    return { subject, token: given.id, roles, ...(limit && { limit }) };
  }

  /** @throws EngineUnreachable if nobody could be let in now */
  async check(): Promise<void> {
    await this.current();
  }

  /** Forgets what was read, after a change through this server. */
  forget(): void {
    this.known = undefined;
    this.reading = undefined;
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

  /** A token that is not known may be new: it is looked for again, but not at the pace of somebody who tries many. */
  private async stateWith(id: string): Promise<AccessState> {
    const state = await this.current();
    return Object.hasOwn(state.tokens, id) || this.age < newTokenMs ? state : this.read();
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
