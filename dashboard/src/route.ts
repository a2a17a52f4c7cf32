import { batch, computed, signal } from '@preact/signals';
import type { TargetedMouseEvent } from 'preact';
import type { Place } from './api/types';

/** The address: the path of the page, and the choices made on it, so that a link shows the same to others. */

export const path = signal(location.pathname);
const search = signal(location.search);
export const query = computed(() => new URLSearchParams(search.value));

addEventListener('popstate', read);

function read(): void {
  batch(() => {
    path.value = location.pathname;
    search.value = location.search;
  });
}

/** Goes to another page; the page before stays in the history. */
export function go(to: string): void {
  if (to === `${location.pathname}${location.search}`) return;
  history.pushState(null, '', to);
  read();
  scrollTo(0, 0);
  document.getElementById('main')?.focus({ preventScroll: true });
}

/** Sets a parameter of the address; undefined removes it. It is no new entry in the history. */
export function choose(name: string, value: string | undefined): void {
  const next = new URLSearchParams(search.value);
  if (value === undefined || value === '') next.delete(name);
  else next.set(name, value);
  const text = next.toString();
  history.replaceState(null, '', text ? `${location.pathname}?${text}` : location.pathname);
  read();
}

/** The parts of the path that a pattern such as `/environments/:stack/:environment` names; undefined if it differs. */
export function match(pattern: string, of: string): Record<string, string> | undefined {
  const [wanted, given] = [pattern, of].map((each) => each.split('/').filter(Boolean)) as [string[], string[]];
  if (wanted.length !== given.length) return undefined;
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    if (part.startsWith(':')) found[part.slice(1)] = decoded(given[index]!);
    else if (part !== given[index]) return undefined;
  }
  return found;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Follows links within the dashboard without loading the page again. */
export function onLink(event: TargetedMouseEvent<HTMLElement>): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = (event.target as Element).closest('a');
  if (!link || link.target || link.hash || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (/^\/(api|auth|docs|login)(\/|$)/.test(link.pathname)) return;
  event.preventDefault();
  go(`${link.pathname}${link.search}`);
}

/** Addresses of pages. */
export const to = {
  wall: '/',
  environment: ({ stack, environment }: Place) =>
    `/environments/${encodeURIComponent(stack)}/${encodeURIComponent(environment)}`,
  part: (place: Place, part: string) => `${to.environment(place)}/${part}`,
  deployment: (place: Place, id: string | number) => `${to.environment(place)}/deployments/${encodeURIComponent(id)}`,
};
