import { actions, isGranted, roles, type Action, type Role, type Target } from '../../model/access';
import { ApiProblem } from '../problems';
import type { Caller } from './directory';

/** The highest role that somebody has in an environment, with the token that they use. */
export function roleIn(caller: Caller, target: Target): Role | undefined {
  return roles.findLast((role) => isGranted(caller, role, target));
}

/** True if somebody may perform an action on an environment. */
export function may(caller: Caller, action: Action, target: Target | undefined): boolean {
  const { role, on } = actions[action];
  if (on === 'installation') return isGranted(caller, role, 'installation');
  return target !== undefined && isGranted(caller, role, target);
}

/**
 * Nobody learns from the answer whether the environment exists.
 * @throws ApiProblem if somebody may not perform an action
 */
export function requirePermission(caller: Caller, action: Action, target: Target | undefined): void {
  if (may(caller, action, target)) return;
  const { role, on } = actions[action];
  const where = on === 'installation' ? '*' : target ? `${target.stack}/${target.environment}` : 'an environment';
  const limit = caller.limit ? `; your token is limited to ${caller.limit.role} on ${caller.limit.scope}` : '';
  throw new ApiProblem('forbidden', `${caller.subject} needs the role ${role} on ${where} (${action})${limit}`, {
    advice: 'an admin gives it with `deploy-code access grant`',
  });
}
