import { networkOf } from '../../guard/addresses';
import { monotonicMs } from '../../guard/monotonic';
import { keepLatest } from '../../guard/bounded';
import { accessLimits, type Threat } from '../../workflows/messages';
import { ApiProblem } from '../problems';

const minute = 60_000;
/** A source that attacks is refused for this time. */
const { blockedMs: blockMs } = accessLimits;
const mostSources = 10_000;

/** As many failed log-ins of different users, or of any, within the time are no mistakes of people. */
const stuffing = { users: 10, failures: 60, withinMs: 10 * minute } as const;
/** As many tokens that were used twice. */
const reuse = { count: 3, withinMs: 10 * minute } as const;

interface Options {
  /** What other servers have blocked, and until when, in ms since the epoch. */
  elsewhere?: () => Readonly<Record<string, number>> | undefined;
  /** Lets the other servers block a source. */
  onBlock?: (source: string, until: number) => void;
  /** Refused requests a minute of one source, beyond which it is blocked. */
  denialsPerMinute?: number;
  elapsed?: () => number;
}

type Kind = Threat['kind'];
interface Incident {
  at: number;
  user?: string;
}

/**
 * Notices who attacks, as this server sees it, and refuses them for a while. A source is a network address or, for
 * those who are let in, a token: nobody with a valid token is refused for what others behind the same address do.
 */
export class Threats {
  private readonly incidents = new Map<string, Incident[]>();
  private readonly denials = new Map<string, { since: number; count: number }>();
  private readonly blocked = new Map<string, number>();
  private readonly denialsPerMinute: number;
  private readonly elsewhere: NonNullable<Options['elsewhere']>;
  private readonly onBlock: NonNullable<Options['onBlock']>;
  private readonly elapsed: () => number;

  constructor(
    private readonly onThreat: (threat: Threat) => void,
    {
      denialsPerMinute = 300,
      elapsed = monotonicMs,
      elsewhere = () => undefined,
      onBlock = () => undefined,
    }: Options = {},
  ) {
    this.elsewhere = elsewhere;
    this.onBlock = onBlock;
    this.denialsPerMinute = denialsPerMinute;
    this.elapsed = elapsed;
  }

  /** @throws ApiProblem for a source that is blocked */
  requireUnblocked(source: string): void {
    const elsewhere = this.elsewhere();
    if (this.blocked.size === 0 && !elsewhere) return;
    const key = networkOf(source);
    const hereMs = (this.blocked.get(key) ?? 0) - this.elapsed();
    const leftMs = Math.max(hereMs, elsewhere && Object.hasOwn(elsewhere, key) ? elsewhere[key]! - Date.now() : 0);
    if (leftMs <= 0) return;
    throw new ApiProblem('too_many', `there were too many refused requests; try again in ${seconds(leftMs)}`);
  }

  /** Many users from one address: somebody tries passwords that have leaked elsewhere. */
  loginFailed(address: string, user: string): void {
    const failures = this.add(`login ${networkOf(address)}`, stuffing.withinMs, user);
    const users = new Set(failures.map((each) => each.user));
    if (users.size >= stuffing.users || failures.length >= stuffing.failures)
      this.block('credential_stuffing', address);
  }

  /** Mistakes of somebody who then logged in were mistakes. */
  loginSucceeded(address: string, user: string): void {
    const key = `login ${networkOf(address)}`;
    const others = this.incidents.get(key)?.filter((each) => each.user !== user) ?? [];
    if (others.length > 0) this.incidents.set(key, others);
    else this.incidents.delete(key);
  }

  /** A log-in is locked for every server; this says so in the audit trail. */
  loginLocked(address: string, user: string): void {
    this.onThreat({ kind: 'login_locked', source: `${address} for ${user}` });
  }

  /** A refused request: without a valid token by its address, else by its token. */
  denied(source: string): void {
    const key = networkOf(source);
    const now = this.elapsed();
    const known = this.denials.get(key);
    const { since, count } = known && now - known.since < minute ? known : { since: now, count: 0 };
    keepLatest(this.denials, key, { since, count: count + 1 }, mostSources);
    if (count + 1 < this.denialsPerMinute) return;
    this.denials.delete(key);
    this.block('denials', source);
  }

  /** A refresh token that was replaced came again: it was copied. */
  tokenReused(address: string): void {
    const key = `reused ${networkOf(address)}`;
    if (this.add(key, reuse.withinMs).length >= reuse.count) this.block('token_reuse', address);
    else this.onThreat({ kind: 'token_reuse', source: address });
  }

  private block(kind: Kind, source: string): void {
    for (const what of ['login', 'reused']) this.incidents.delete(`${what} ${networkOf(source)}`);
    keepLatest(this.blocked, networkOf(source), this.elapsed() + blockMs, mostSources);
    this.onBlock(networkOf(source), Date.now() + blockMs);
    this.onThreat({ kind, source });
  }

  /** The incidents within the time, with a new one. */
  private add(key: string, withinMs: number, user?: string): Incident[] {
    const now = this.elapsed();
    const recent = (this.incidents.get(key) ?? []).filter(({ at }) => now - at < withinMs);
    recent.push({ at: now, ...(user !== undefined && { user }) });
    keepLatest(this.incidents, key, recent, mostSources);
    return recent;
  }
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`;
}
