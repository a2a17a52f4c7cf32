/** The runtimes of this version, by the name that a stack file resolves to. */
export const runtimeNames = ['docker', 'kubernetes', 'process', 'memory'] as const;
export type RuntimeName = (typeof runtimeNames)[number];

const containersOnly = [
  'image',
  'pull_policy',
  'entrypoint',
  'networks',
  'volumes',
  'user',
  'cap_add',
  'cap_drop',
  'read_only',
  'tmpfs',
  'shm_size',
  'init',
  'extra_hosts',
  'logging',
  'resources.limit',
  'resources.reserve.gpus',
  'resources.reserve.storage',
] as const;

/**
 * Keys of a service that a runtime cannot honour. The configuration refuses them by name;
 * the runtimes' contract suite holds each runtime to its row.
 */
export const cannotHonour: Record<RuntimeName, readonly string[]> = {
  docker: ['resources.limit.storage'],
  kubernetes: ['drain_timeout', 'init', 'logging', 'stop_signal'],
  process: containersOnly,
  memory: [],
};
