import { networkOf } from '../../guard/addresses';
import { monotonicMs } from '../../guard/monotonic';
import { keepLatest } from '../../guard/bounded';

const mostStrikes = 20;
const strikesWithinMs = 10 * 60_000;
const blockedMs = 10 * 60_000;
/** Forges and registries send for everybody from the same addresses: a stranger must not be able to block them. */
const trustedMs = 24 * 3600_000;
const mostAddresses = 10_000;

interface Record {
  strikes: number;
  /** Of the first strike, the block, or the last genuine request. */
  since: number;
}

/** Addresses that have sent many requests with a wrong signature. They are blocked for ten minutes. */
export class BlockedAddresses {
  private readonly bad = new Map<string, Record>();
  private readonly trusted = new Map<string, number>();

  constructor(private readonly now: () => number = monotonicMs) {}

  isBlocked(address: string): boolean {
    const found = this.bad.get(networkOf(address));
    return found !== undefined && found.strikes >= mostStrikes && this.now() - found.since < blockedMs;
  }

  /**
   * A request with a wrong signature; true if its address is blocked from now on. One that has sent a genuine request
   * within a day is not.
   */
  strike(address: string): boolean {
    const trustedAt = this.trusted.get(networkOf(address));
    if (trustedAt !== undefined && this.now() - trustedAt < trustedMs) return false;
    const found = this.bad.get(networkOf(address));
    const isOld = !found || this.now() - found.since >= strikesWithinMs;
    const strikes = isOld ? 1 : found.strikes + 1;
    const since = isOld || strikes === mostStrikes ? this.now() : found.since;
    keepLatest(this.bad, networkOf(address), { strikes, since }, mostAddresses);
    return strikes === mostStrikes;
  }

  /** A genuine request. */
  trust(address: string): void {
    this.bad.delete(networkOf(address));
    keepLatest(this.trusted, networkOf(address), this.now(), mostAddresses);
  }
}
