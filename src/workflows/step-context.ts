import type { StepContext } from '../activities/contract';
import type { Stack } from '../config/stack';

/** Where the activities of a stack act, and by which sources its secrets are known. */
export function contextOf(stack: Stack, deployment: number): StepContext {
  return {
    runtime: stack.runtime,
    stack: stack.name,
    environment: stack.environment,
    deployment,
    secrets: stack.secrets,
    envFiles: Object.values(stack.services).flatMap((service) => service.envFiles),
  };
}
