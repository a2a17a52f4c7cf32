import { hasWorkloads, type RuntimeName } from '../runtimes';
import type { HostPlace } from '../host';
import type { Stack } from '.';

type Own = { runtime?: RuntimeName };

/** Where a service or a host of a stack is: one stack may span Docker and clusters. */
export function runtimeOf(of: Own, { runtime }: Pick<Stack, 'runtime'>): RuntimeName {
  return of.runtime ?? runtime;
}

/** Where that of a stack is which is on no cluster. */
export function outsideClusters(runtime: RuntimeName): RuntimeName {
  return hasWorkloads({ runtime }) ? 'docker' : runtime;
}

/** Whether anything of a stack may be on a cluster. */
export function reachesClusters({ runtime, hosts = [] }: Pick<Stack, 'runtime' | 'hosts'>): boolean {
  return hosts.length === 0
    ? hasWorkloads({ runtime })
    : hosts.some((host) => hasWorkloads({ runtime: runtimeOf(host, { runtime }) }));
}

/** What others know a host of a stack by; without a name the one that workers find by themselves. */
export function placeOf({ name }: Pick<HostPlace, 'name'>, stack: Pick<Stack, 'runtime' | 'hosts'>): HostPlace {
  return {
    runtime: runtimeOf(stack.hosts?.find((host) => host.name === name) ?? {}, stack),
    ...(name !== undefined && { name }),
  };
}

/**
 * Where a service is that names a host, a zone or neither: where the stack is, if there is a host for that, else where
 * those hosts are that it leaves to choose from.
 */
export function runtimeAmong(
  { host, zone }: { host?: string; zone?: string },
  { runtime, hosts = [] }: Pick<Stack, 'runtime' | 'hosts'>,
): RuntimeName {
  const left = hosts
    .filter((each) => (host === undefined ? zone === undefined || each.zone === zone : each.name === host))
    .map((each) => runtimeOf(each, { runtime }));
  return left.includes(runtime) ? runtime : (left[0] ?? runtime);
}
