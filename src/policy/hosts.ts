import { bareHost, surroundingProblem } from '../guard/addresses';
import { matchesAny, type Place } from './patterns';
import type { Policy } from './schema';

/**
 * Why a subscriber may not have an address; nothing where it may. Where its name leads to is seen when it is called.
 */
export function hostRefusal({ hostname }: URL, { subscribers }: Policy, place: Place): string | undefined {
  const host = bareHost(hostname).toLowerCase();
  const problem = surroundingProblem(host);
  if (problem !== undefined) return problem;
  if (!subscribers?.hosts || matchesAny(subscribers.hosts, host, place)) return undefined;
  return `the worker's policy does not allow subscribers at ${host} (rule subscribers.hosts)`;
}
