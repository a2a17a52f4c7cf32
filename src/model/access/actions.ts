import type { Role } from './bindings';

/** Who may perform an action, and on what. */
export interface ActionRule {
  /** The lowest role that may. */
  role: Role;
  /** What the role has to be given for: the environment of the request, or the whole installation (scope `*`). */
  on: 'environment' | 'installation';
  /** For the documentation, after "may". */
  what: string;
}

/**
 * Everything that the server does for somebody. Each route names one of these, so that a route without a rule does not
 * compile. docs/access.md shows this table.
 */
export const actions = {
  'environment.read': { role: 'viewer', on: 'environment', what: 'see its state, instances, releases and deployments' },
  'logs.read': { role: 'viewer', on: 'environment', what: 'read logs' },
  'schedules.read': { role: 'viewer', on: 'environment', what: 'see schedules' },
  'volumes.read': { role: 'viewer', on: 'environment', what: 'list volumes' },
  'hosts.read': { role: 'viewer', on: 'environment', what: 'see the hosts of the stack' },
  'plan.make': {
    role: 'operator',
    on: 'environment',
    what: 'see what a deployment would do, also of a stack of their own',
  },
  'deployment.request': {
    role: 'operator',
    on: 'environment',
    what: 'deploy, roll back, restart, repair, run jobs and stop',
  },
  'deployment.steer': {
    role: 'operator',
    on: 'environment',
    what: 'approve, reject, promote, pause, resume, abort, retry, amend, answer and cancel',
  },
  'environment.freeze': { role: 'operator', on: 'environment', what: 'freeze and thaw' },
  'watch.pause': { role: 'operator', on: 'environment', what: 'pause and resume the watch' },
  'schedules.write': { role: 'operator', on: 'environment', what: 'create, pause, resume and delete schedules' },
  'secrets.read': { role: 'operator', on: 'environment', what: 'list the names of stored secrets' },
  'secrets.write': { role: 'operator', on: 'environment', what: 'store and remove secrets' },
  'instances.exec': { role: 'operator', on: 'environment', what: 'run commands inside instances' },
  'audit.read': { role: 'operator', on: 'environment', what: 'read the audit trail' },
  'volumes.delete': { role: 'admin', on: 'environment', what: 'delete volumes and their data' },
  'registries.read': { role: 'operator', on: 'installation', what: 'list logins at image registries' },
  'registries.write': { role: 'admin', on: 'installation', what: 'log in and out at image registries' },
  'builds.read': { role: 'viewer', on: 'installation', what: 'see the builds of the engine' },
  'builds.write': { role: 'admin', on: 'installation', what: 'make a build the current one' },
  'access.read': {
    role: 'admin',
    on: 'installation',
    what: 'see roles, tokens, sessions and the audit trail of the installation',
  },
  'access.write': {
    role: 'admin',
    on: 'installation',
    what: 'give and take roles, create and revoke tokens, and end sessions',
  },
} as const satisfies Record<string, ActionRule>;

export type Action = keyof typeof actions;
