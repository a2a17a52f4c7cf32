import type { StepContext } from '../../activities/contract';
import type { Stack } from '../../model/stack';

/** Where the activities of a stack act, and by which sources its secrets are known. */
export function contextOf(stack: Stack, deployment: number): StepContext {
  return {
    runtime: stack.runtime,
    stack: stack.name,
    environment: stack.environment,
    ...namespaceIn(stack),
    deployment,
    secrets: stack.secrets,
    envFiles: [...new Set(Object.values(stack.services).flatMap((service) => service.envFiles))],
  };
}

/** Where a stack is on a cluster, if its file names a place. */
export function namespaceIn({ infrastructure: { cluster } }: Pick<Stack, 'infrastructure'>): { namespace?: string } {
  return cluster?.namespace === undefined ? {} : { namespace: cluster.namespace };
}
