import { networkOf } from '../../guard/addresses';
import { monotonicMs } from '../../guard/monotonic';

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
    const found = this.bad.get(keyOf(address));
    return found !== undefined && found.strikes >= mostStrikes && this.now() - found.since < blockedMs;
  }

  /**
   * A request with a wrong signature; true if its address is blocked from now on. One that has sent a genuine request
   * within a day is not.
   */
  strike(address: string): boolean {
    const trustedAt = this.trusted.get(keyOf(address));
    if (trustedAt !== undefined && this.now() - trustedAt < trustedMs) return false;
    const found = this.bad.get(keyOf(address));
    const isOld = !found || this.now() - found.since >= strikesWithinMs;
    const strikes = isOld ? 1 : found.strikes + 1;
    const since = isOld || strikes === mostStrikes ? this.now() : found.since;
    remember(this.bad, keyOf(address), { strikes, since });
    return strikes === mostStrikes;
  }

  /** A genuine request. */
  trust(address: string): void {
    this.bad.delete(keyOf(address));
    remember(this.trusted, keyOf(address), this.now());
  }
}

/** Whoever has one IPv6 address has a whole network. */
function keyOf(address: string): string {
  return networkOf(address) ?? address;
}

/** Forgets the oldest entry if there are too many. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > mostAddresses) map.delete(map.keys().next().value!);
}
