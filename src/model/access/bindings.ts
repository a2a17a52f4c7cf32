/** What somebody may do, from least to most: each role includes those before it. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** A stack and one of its environments. */
export interface Target {
  stack: string;
  environment: string;
}

/** Gives a subject a role in a scope: `*`, a stack, or an environment as `stack/environment`. */
export interface Binding {
  /** `service:ci`, `user:alice@example.com`, `group:operations`. */
  subject: string;
  role: Role;
  scope: string;
}

/** A role that the access file of a server declares, where alone it can be changed. */
export interface DeclaredBinding extends Binding {
  declared: true;
}

/** A limit of one token: it has no more than this, whatever its subject has. */
export type Limit = Pick<Binding, 'role' | 'scope'>;

/** True if a scope includes an environment; only `*` includes the whole installation. */
export function includes(scope: string, target: Target | 'installation'): boolean {
  if (scope === '*') return true;
  if (target === 'installation') return false;
  return scope === target.stack || scope === `${target.stack}/${target.environment}`;
}

/** The highest role that these grants give on a target; undefined if they give none. */
export function roleOn(grants: readonly Limit[], target: Target | 'installation'): Role | undefined {
  const given = grants.filter(({ scope }) => includes(scope, target)).map(({ role }) => role);
  return roles.findLast((role) => given.includes(role));
}

/** True if a role includes another one. Without a role nothing is allowed. */
export function reaches(role: Role | undefined, needed: Role): boolean {
  return role !== undefined && roles.indexOf(role) >= roles.indexOf(needed);
}

/** What somebody was given: the roles of their subject, and the limit of the token that they use. */
export interface Grants {
  roles: readonly Limit[];
  limit?: Limit;
}

/** True if the grants reach a role on a target; a limited token has to reach it too. */
export function isGranted({ roles: given, limit }: Grants, needed: Role, target: Target | 'installation'): boolean {
  return reaches(roleOn(given, target), needed) && (!limit || reaches(roleOn([limit], target), needed));
}
