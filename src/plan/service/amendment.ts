import { containerOptions, optionNames } from '../../model/container-options';
import type { ContainerOptions } from '../../model/instance';
import type { Service, Stack } from '../../model/stack';
import { canonical } from './hash';

/** True: can be amended while a deployment waits. Otherwise the key in the stack file, for the refusal. */
const ownProperties: Record<Exclude<keyof Service, keyof ContainerOptions>, true | string> = {
  name: 'name',
  runtime: 'host',
  kind: 'kind',
  image: true,
  pullPolicy: true,
  pullAfterMs: true,
  ports: 'ports',
  mounts: 'volumes',
  imageVolumes: 'image_volumes',
  configs: 'configs',
  networks: 'networks',
  networkMode: 'network_mode',
  dependsOn: 'depends_on',
  restartsWith: 'depends_on',
  replicas: 'replicas',
  autoscaled: 'replicas',
  phase: 'phase',
  strategy: 'strategy',
  ingress: 'expose',
  drainMs: 'drain_timeout',
  hooks: true,
  onFailure: true,
  mayComplete: true,
  zone: 'zone',
  host: 'host',
  run: true,
  timeoutMs: true,
  onRollback: true,
};
const options = optionNames.map((name) => {
  const { key, amendable = true } = containerOptions[name];
  return [name, amendable || key] as const;
});
const keys: Readonly<Record<string, true | string>> = { ...ownProperties, ...Object.fromEntries(options) };

/** A stack with amended services, or the refusals. */
export type Amended = { stack: Stack; refusals: [] } | { refusals: string[] };

/** Replaces services of a stack by amended ones. */
export function amend(stack: Stack, services: readonly Service[]): Amended {
  const refusals = services.flatMap((service) =>
    refusalsOf(stack.services[service.name], service, Object.keys(stack.services)),
  );
  if (refusals.length > 0) return { refusals };
  const amended = Object.fromEntries(services.map((service) => [service.name, service]));
  return { stack: { ...stack, services: { ...stack.services, ...amended } }, refusals: [] };
}

function refusalsOf(before: Service | undefined, after: Service, names: string[]): string[] {
  if (!before) return [`there is no service "${after.name}"; available: ${names.join(', ')}`];
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => !same(before[key as keyof Service], after[key as keyof Service]),
  );
  if (changed.length === 0)
    return [`${after.name} is unchanged; change it in the stack file, or try it again with \`retry\``];
  return changed.flatMap((key) => {
    const name = keys[key];
    return name === true
      ? []
      : [`${name ?? key} of ${after.name} cannot be amended while the deployment waits; roll back, and deploy again`];
  });
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (a !== undefined && b !== undefined && canonical(a) === canonical(b));
}
