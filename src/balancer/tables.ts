import type { RouteTable, Target } from '../model/traffic';
import { buckets } from './nginx-config';

/** A group of instances, and the weight of all of them together. */
export interface Share {
  addresses: string[];
  /** In per cent. The weights of all shares of a table add up to 100. */
  weight: number;
}

/** Splits each share evenly over its instances, in whole per cent; the first ones get the remainder. */
export function tableOf(route: string, shares: readonly Share[]): RouteTable {
  const targets = shares.flatMap(({ addresses, weight }) =>
    [...addresses]
      .sort()
      .map((address, index): Target => ({ address, weight: evenly(weight, addresses.length, index) })),
  );
  return { route, targets: targets.filter(({ weight }) => weight > 0) };
}

function evenly(total: number, parts: number, index: number): number {
  return Math.floor(total / parts) + (index < total % parts ? 1 : 0);
}

/** Target of one bucket: an instance, and another one of the table if that does not answer. */
export interface Lead {
  bucket: string;
  target: string;
  fallback: string;
}

/** Fallbacks rotate, so that all other instances share the load of a failed one. */
export function leadsOf({ targets }: RouteTable): Lead[] {
  const order = targets.flatMap(({ address, weight }) => Array.from({ length: weight }, () => address));
  if (order.length === 0) return buckets.map((bucket) => ({ bucket, target: 'none', fallback: 'none' }));
  const others = targets.map(({ address }) => address);
  return buckets.map((bucket, index) => {
    const target = order[index]!;
    const rest = others.filter((address) => address !== target);
    return { bucket, target, fallback: rest[index % Math.max(1, rest.length)] ?? 'none' };
  });
}

/** True if two tables have the same targets and weights. */
export function sameTable(a: RouteTable | undefined, b: RouteTable): boolean {
  return a !== undefined && JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

function canonical({ targets }: RouteTable): Target[] {
  return [...targets].sort((a, b) => (a.address < b.address ? -1 : 1));
}
