import { hasWorkloads, type RuntimeName } from '../runtimes';
import type { HostPlace } from '../host';
import type { Stack } from '.';

type HasRuntime = { runtime?: RuntimeName };

/** The runtime of a service or a host; one stack may span Docker and clusters. */
export function runtimeOf(of: HasRuntime, { runtime }: Pick<Stack, 'runtime'>): RuntimeName {
  return of.runtime ?? runtime;
}

/** Whether a service or a host is on a cluster. */
export function isOnCluster(of: HasRuntime, stack: Pick<Stack, 'runtime'>): boolean {
  return hasWorkloads({ runtime: runtimeOf(of, stack) });
}

/** The runtime of the parts of a stack that are not on a cluster. */
export function outsideClusters(runtime: RuntimeName): RuntimeName {
  return hasWorkloads({ runtime }) ? 'docker' : runtime;
}

/** Whether any part of a stack may run on a cluster. */
export function reachesClusters({ runtime, hosts = [] }: Pick<Stack, 'runtime' | 'hosts'>): boolean {
  return hosts.length === 0 ? hasWorkloads({ runtime }) : hosts.some((host) => isOnCluster(host, { runtime }));
}

/** The runtime and the name of a host of a stack; without a name, the workers' default host. */
export function placeOf({ name }: Pick<HostPlace, 'name'>, stack: Pick<Stack, 'runtime' | 'hosts'>): HostPlace {
  return {
    runtime: runtimeOf(stack.hosts?.find((host) => host.name === name) ?? {}, stack),
    ...(name !== undefined && { name }),
  };
}

/**
 * The runtime of a service that names a host, a zone or neither: the stack's runtime if an eligible host has it, else
 * the runtime of the first eligible host.
 */
export function runtimeAmong(
  { host, zone }: { host?: string; zone?: string },
  { runtime, hosts = [] }: Pick<Stack, 'runtime' | 'hosts'>,
): RuntimeName {
  const eligible = hosts
    .filter((each) => (host === undefined ? zone === undefined || each.zone === zone : each.name === host))
    .map((each) => runtimeOf(each, { runtime }));
  return eligible.includes(runtime) ? runtime : (eligible[0] ?? runtime);
}
