import { roles } from '../../model/access';
import type { StackSecurity } from '../../model/stack';
import type { StackFile } from '../schema/stack-file';

/** What a stack asks of the engine itself; undefined if that is nothing. */
export function toSecurity(given: NonNullable<StackFile['security']>): StackSecurity | undefined {
  const { auth, rbac, deployers, four_eyes: fourEyes, tls_enabled: tls } = given;
  const security: StackSecurity = {
    ...(auth?.enabled && { auth: true as const }),
    ...(auth?.enabled && rbac?.enabled && rbac.roles && { roles: roles.filter((role) => rbac.roles!.includes(role)) }),
    ...(auth?.enabled && deployers && { deployers: [...deployers].sort() }),
    ...(auth?.enabled && fourEyes && { fourEyes: true as const }),
    ...(tls && { tls: true as const }),
  };
  return Object.keys(security).length > 0 ? security : undefined;
}
