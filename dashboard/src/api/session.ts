import { signal } from '@preact/signals';
import { ask } from './client';
import { actions, roles, type Api, type Place } from './types';

/** Who looks at the page, and what they may do: nothing is shown that the API would refuse them. */

export type Action = keyof typeof actions;
type Grant = Api['whoami']['roles'][number];

export const whoami = signal<Api['whoami'] | undefined>(undefined);

export async function readSession(): Promise<void> {
  whoami.value = await ask<'whoami'>('/whoami');
}

/** True if whoever looks may do something in an environment, or in the installation. */
export function may(action: Action, place?: Place): boolean {
  const session = whoami.value;
  if (!session) return false;
  const { role, on } = actions[action];
  const target = on === 'installation' ? undefined : place;
  if (on === 'environment' && !place) return false;
  return reaches(session.roles, role, target) && (!session.limit || reaches([session.limit], role, target));
}

/** True if somebody may do something anywhere. */
export function maySomewhere(action: Action): boolean {
  const needed = roles.indexOf(actions[action].role);
  return (whoami.value?.roles ?? []).some(({ role }) => roles.indexOf(role) >= needed);
}

function reaches(grants: readonly Grant[], needed: (typeof roles)[number], target: Place | undefined): boolean {
  return grants.some(({ role, scope }) => includes(scope, target) && roles.indexOf(role) >= roles.indexOf(needed));
}

function includes(scope: string, target: Place | undefined): boolean {
  if (scope === '*') return true;
  return target !== undefined && (scope === target.stack || scope === `${target.stack}/${target.environment}`);
}
