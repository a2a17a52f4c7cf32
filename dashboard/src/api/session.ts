import { signal } from '@preact/signals';
import { ask } from './client';
import { actions, roles, type Api, type Place } from './types';

/** The user of the page and their permissions: the page offers nothing that the API would refuse. */

export type Action = keyof typeof actions;
type Grant = Api['whoami']['roles'][number];

export const whoami = signal<Api['whoami'] | undefined>(undefined);

export async function readSession(): Promise<void> {
  whoami.value = await ask<'whoami'>('/whoami');
}

/** True if the user may perform an action on an environment, or on the installation. */
export function may(action: Action, place?: Place): boolean {
  const session = whoami.value;
  if (!session) return false;
  const { role, on } = actions[action];
  const target = on === 'installation' ? undefined : place;
  if (on === 'environment' && !place) return false;
  return reaches(session.roles, role, target) && (!session.limit || reaches([session.limit], role, target));
}

function reaches(grants: readonly Grant[], needed: (typeof roles)[number], target: Place | undefined): boolean {
  return grants.some(({ role, scope }) => includes(scope, target) && roles.indexOf(role) >= roles.indexOf(needed));
}

function includes(scope: string, target: Place | undefined): boolean {
  if (scope === '*') return true;
  return target !== undefined && (scope === target.stack || scope === `${target.stack}/${target.environment}`);
}
