import { bareHost, surroundingProblem } from '../guard/addresses';
import { matchesAny, type Place } from './patterns';
import type { Policy } from './schema';

/**
 * Why the address of a subscriber is refused; undefined if it is allowed. The name is resolved and checked again when
 * the subscriber is called.
 */
export function hostRefusal({ hostname }: URL, { subscribers }: Policy, place: Place): string | undefined {
  const host = bareHost(hostname).toLowerCase();
  const problem = surroundingProblem(host);
  if (problem !== undefined) return problem;
  if (!subscribers?.hosts || matchesAny(subscribers.hosts, host, place)) return undefined;
  return `the worker's policy does not allow subscribers at ${host} (rule subscribers.hosts)`;
}
