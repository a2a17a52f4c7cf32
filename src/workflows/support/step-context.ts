import type { StepContext } from '../../activities/contract';
import type { Stack } from '../../model/stack';

/** The context of a stack's activities: its place, and the sources of its secrets. */
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

/** The namespace of a stack on a cluster, if its file sets one. */
export function namespaceIn({ infrastructure: { cluster } }: Pick<Stack, 'infrastructure'>): { namespace?: string } {
  return cluster?.namespace === undefined ? {} : { namespace: cluster.namespace };
}
