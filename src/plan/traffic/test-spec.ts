import type { Stack } from '../../model/stack';
import type { InstanceSpec } from '../../model/instance';
import { testName } from '../names';
import { addressOf } from './service-traffic';

const testHash = 'test-';

/** Whether an instance is a smoke test that an earlier deployment failed to remove. */
export function isTest({ kind, hash }: Pick<InstanceSpec, 'kind' | 'hash'>): boolean {
  return kind === 'job' && hash.startsWith(testHash);
}

/** A job that tests new instances, with their image, networks and variables, and their addresses in `$TARGETS`. */
export function toTestSpec(
  next: InstanceSpec[],
  { command, image }: { command: string[]; image?: string },
  deployment: number,
  stack: Stack,
): InstanceSpec {
  const [first] = next;
  const { ports, workload, healthCheck } = first!;
  const probed = healthCheck && 'port' in healthCheck.probe ? healthCheck.probe.port : undefined;
  const port =
    stack.front?.routes.find(({ service }) => service === first!.service)?.port ??
    stack.services[first!.service]?.ingress?.[0]?.port ??
    ports[0]?.container ??
    probed;
  const targets = next.map((instance) =>
    port === undefined ? instance.name : addressOf(instance, port, stack.runtime),
  );
  return {
    ...first!,
    name: testName(stack, first!.service, deployment),
    ordinal: 0,
    kind: 'job',
    ...(image !== undefined && { image, imageId: undefined }),
    entrypoint: [],
    command,
    variables: { ...first!.variables, TARGET: targets[0]!, TARGETS: targets.join(' ') },
    ports: [],
    ...(workload && { workload: { ...workload, beside: undefined, ingress: [] } }),
    mounts: [],
    networks: first!.networks.map(({ name, links }) => ({ name, aliases: [], ...(links && { links }) })),
    names: undefined,
    restart: 'no',
    healthCheck: undefined,
    preStop: undefined,
    preStopSecrets: undefined,
    hash: `${testHash}${first!.hash}`,
    keys: {},
  };
}
