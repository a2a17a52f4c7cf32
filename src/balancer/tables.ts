import type { RouteTable, Target } from '../model/traffic';
import { buckets } from './nginx-config';

/** Instances with the share of all requests that they take together. */
export interface Share {
  addresses: string[];
  /** Per cent. The weights of a table's shares add up to 100. */
  weight: number;
}

/** Spreads each share evenly over its instances, in whole per cent; what cannot be divided goes to the first ones. */
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

/** Where one bucket leads: to an instance, and to another of the same table where the first one does not answer. */
export interface Lead {
  bucket: string;
  target: string;
  fallback: string;
}

/** The instances take turns, so that neighbours of a failed one share its load. */
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

/** Whether two tables send requests the same way. */
export function sameTable(a: RouteTable | undefined, b: RouteTable): boolean {
  return a !== undefined && JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

function canonical({ targets }: RouteTable): Target[] {
  return [...targets].sort((a, b) => (a.address < b.address ? -1 : 1));
}
