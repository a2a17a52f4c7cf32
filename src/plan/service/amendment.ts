import type { Service, Stack } from '../../model/stack';
import { canonical } from './hash';

/**
 * What of a service may be amended while its deployment waits (true); the rest, by which it hangs together with others,
 * by its name in the stack file.
 */
const keys: Record<keyof Service, true | string> = {
  name: 'name',
  runtime: 'host',
  kind: 'kind',
  image: true,
  pullPolicy: true,
  entrypoint: true,
  command: true,
  workingDir: true,
  user: true,
  variables: true,
  envFiles: 'env_file',
  ports: 'ports',
  mounts: 'volumes',
  configs: 'configs',
  secrets: 'secrets',
  networks: 'networks',
  dependsOn: 'depends_on',
  healthCheck: true,
  healthDisabled: true,
  replicas: 'replicas',
  autoscaled: 'replicas',
  reserve: true,
  limit: true,
  restart: true,
  stopSignal: true,
  stopGraceMs: true,
  labels: true,
  phase: 'phase',
  strategy: 'strategy',
  ingress: 'expose',
  drainMs: 'drain_timeout',
  hooks: true,
  onFailure: true,
  logging: true,
  init: true,
  shmSize: true,
  tmpfs: true,
  capAdd: true,
  capDrop: true,
  readOnly: true,
  extraHosts: true,
  zone: 'zone',
  host: 'host',
  run: true,
  timeoutMs: true,
  onRollback: true,
};

/** A stack with services as somebody amended them, or why that cannot be. */
export type Amended = { stack: Stack; refusals: [] } | { refusals: string[] };

/** Pure: nothing but what may be amended is taken over. */
export function amend(stack: Stack, services: readonly Service[]): Amended {
  const refusals = services.flatMap((service) =>
    refusalsOf(stack.services[service.name], service, Object.keys(stack.services)),
  );
  if (refusals.length > 0) return { refusals };
  const amended = Object.fromEntries(services.map((service) => [service.name, service]));
  return { stack: { ...stack, services: { ...stack.services, ...amended } }, refusals: [] };
}

function refusalsOf(before: Service | undefined, after: Service, names: string[]): string[] {
  if (!before) return [`there is no service "${after.name}"; there are ${names.join(', ')}`];
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => !same(before[key as keyof Service], after[key as keyof Service]),
  );
  if (changed.length === 0)
    return [`${after.name} is what failed, unchanged; change it in the stack file, or try it again with \`retry\``];
  return changed.flatMap((key) => {
    const name = keys[key as keyof Service];
    return name === true
      ? []
      : [`${name ?? key} of ${after.name} cannot be amended while the deployment waits: roll it back, and deploy anew`];
  });
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (a !== undefined && b !== undefined && canonical(a) === canonical(b));
}
