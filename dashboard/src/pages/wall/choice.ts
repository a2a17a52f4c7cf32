import { placeText } from '../../api/place';
import type { EnvironmentTile } from '../../api/types';

/** Which tiles are shown, and in which order. */

export const filters = ['all', 'trouble', 'running', 'waiting', 'held'] as const;
export type Filter = (typeof filters)[number];
export const orders = ['urgency', 'name', 'recent'] as const;
export type Order = (typeof orders)[number];

export interface Choice {
  filter: Filter;
  order: Order;
  text: string;
}

/** The choice in an address; invalid values count as absent. */
export function choiceIn(query: URLSearchParams): Choice {
  return {
    filter: filters.find((each) => each === query.get('show')) ?? 'all',
    order: orders.find((each) => each === query.get('sort')) ?? 'urgency',
    text: query.get('search') ?? '',
  };
}

/** True if somebody should look at it: it is broken, or the last attempt to change it failed. */
export function isInTrouble({ health, failed, breaker }: EnvironmentTile): boolean {
  return (
    health === 'degraded' ||
    health === 'drifted' ||
    health === 'unreadable' ||
    failed !== undefined ||
    breaker !== undefined
  );
}

const isOf: Record<Filter, (tile: EnvironmentTile) => boolean> = {
  all: () => true,
  trouble: isInTrouble,
  running: ({ running }) => running !== undefined,
  waiting: ({ running }) => running?.waits === true,
  held: ({ freeze, breaker }) => freeze !== undefined || breaker !== undefined,
};

export function chosen(tiles: Iterable<EnvironmentTile>, { filter, order, text }: Choice): EnvironmentTile[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = [...tiles].filter((tile) => isOf[filter](tile) && has(tile, words));
  return shown.sort((one, other) => compare[order](one, other) || byName(one, other));
}

function has({ place, release, running }: EnvironmentTile, words: string[]): boolean {
  const text = [placeText(place), release?.by, running?.by].join(' ').toLowerCase();
  return words.every((each) => text.includes(each));
}

type Compare = (one: EnvironmentTile, other: EnvironmentTile) => number;

const byName: Compare = (one, other) => (placeText(one.place) < placeText(other.place) ? -1 : 1);

const compare: Record<Order, Compare> = {
  urgency: (one, other) => urgencyOf(other) - urgencyOf(one),
  name: byName,
  recent: (one, other) => (other.release?.at ?? 0) - (one.release?.at ?? 0),
};

/** Broken environments come first, then those that failed to change, those that wait for somebody, and the rest. */
export function urgencyOf({ health, failed, breaker, running, queued, freeze }: EnvironmentTile): number {
  if (health === 'degraded' || health === 'unreadable') return 6;
  if (failed || breaker) return 5;
  if (running?.waits) return 4;
  if (health === 'drifted') return 3;
  if (running) return 2;
  return queued > 0 || freeze ? 1 : 0;
}
