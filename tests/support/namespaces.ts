/** One namespace a suite: the task queue has one name everywhere. */
export const namespaces = ['deployment', 'rollback', 'jobs', 'environment', 'processes', 'docker', 'volumes', 'durability', 'secrets', 'cli', 'ui', 'imports', 'platform', 'replay', 'large', 'releases', 'restarts', 'rollouts', 'front', 'canaries', 'steering', 'front-processes', 'rollout-kills', 'examples', 'control', 'schedules', 'encryption', 'watch', 'simulation', 'subscribers', 'audit', 'remedy', 'fleet', 'builds', 'abandoned', 'audit-database'] as const;
export type Namespace = (typeof namespaces)[number];
