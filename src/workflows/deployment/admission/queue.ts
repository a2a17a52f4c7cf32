import { workflowInfo } from '@temporalio/workflow';
import type { FleetRules } from '../../../activities/contract';
import type { Asked } from '../../../plan/asked';
import type { DeploymentInput } from '../../messages';
import { activity } from '../../support/activity-options';
import { waitUntil } from '../../support/serialised-events';
import { requireStatements } from '../../support/statements';
import { namespaceIn } from '../../support/step-context';

const firstRejoinMs = 60_000;
const longestRejoinMs = 1_800_000;

/**
 * Joins the queue of the environment and waits until `isDecided`. Joins again at intervals: that is harmless, and a
 * restarted environment learns of this deployment. Resolves with the rules of the
 * workers.
 */
export async function waitForTurn(
  input: DeploymentInput,
  begin: number,
  isDecided: () => boolean,
): Promise<FleetRules> {
  const { stack, taskQueue } = input;
  for (let rejoinMs = firstRejoinMs; ; rejoinMs = Math.min(rejoinMs * 2, longestRejoinMs)) {
    const join = activity('joinEnvironment', taskQueue, `join the queue of ${stack.name}/${stack.environment}`);
    const rules = await join({
      stack: stack.name,
      environment: stack.environment,
      runtime: stack.runtime,
      ...(stack.hosts && { hosts: stack.hosts.map(({ name }) => name) }),
      ...namespaceIn(stack),
      ...(stack.security?.auth && { auth: true }),
      workflowId: workflowInfo().workflowId,
      asked: askedOf(input, begin),
      windows: stack.deployment.freezeWindows ?? [],
    });
    if (rules?.statements) requireStatements();
    if (await waitUntil(isDecided, rejoinMs, 'join the queue again')) return rules ?? {};
  }
}

function askedOf(
  { stack, intent, requestedBy, reason, whenBusy = 'queue', automatic = false }: DeploymentInput,
  at: number,
): Asked {
  const { circuitBreaker = { threshold: 0, recoveryMs: 0 } } = stack.deployment;
  return {
    by: requestedBy,
    ...(reason !== undefined && { reason }),
    intent: intent.kind,
    at,
    whenBusy,
    force: intent.force,
    automatic,
    breaker: circuitBreaker,
  };
}
