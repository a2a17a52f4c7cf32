import { upsertSearchAttributes } from '@temporalio/workflow';
import { acts, servicesOf } from '../../../plan/plan';
import { events } from '../../support/events';
import {
  searchAttributes,
  type DeploymentInput,
  type DeploymentResult,
  type Go,
  type SteeringRecord,
} from '../../messages';
import type { DeploymentRun, RunResult } from '../run';

/** A deployment that has ended. `go` and `run`: as far as it came to have them. */
export interface Ended {
  input: DeploymentInput;
  begin: number;
  go?: Go;
  run?: DeploymentRun;
  steering: SteeringRecord[];
}

/** What the deployment tells about its end. */
export function resultOf(
  { outcome, cause, refusals, rollbackMs }: RunResult,
  { input, begin, go, run, steering }: Ended,
): DeploymentResult {
  const deployed = input.intent.kind === 'stop' ? undefined : run?.plan?.release.to;
  return {
    outcome,
    cause,
    refusals,
    rollbackMs,
    intent: input.intent.kind,
    requestedBy: input.requestedBy,
    reason: input.reason,
    deployment: go?.deployment,
    release: outcome === 'succeeded' ? deployed : go?.release.from,
    warnings: run?.plan?.warnings ?? [],
    tolerated: run?.rollout.tolerated ?? [],
    notUndone: run?.rollback.notUndone ?? [],
    leftBehind: run?.compensation.leftBehind ?? [],
    ...(go?.past !== undefined && { forcedPast: go.past }),
    ...(steering.length > 0 && { steering }),
    changed: servicesOf(run?.plan?.phases ?? [])
      .filter(acts)
      .map(({ name }) => name),
    durationMs: Date.now() - begin,
  };
}

/** By these it is found, also one that ended before it began anything. */
export function markEnd({ outcome, deployment, release }: DeploymentResult): void {
  upsertSearchAttributes([
    { key: searchAttributes.status, value: outcome },
    ...(deployment === undefined ? [] : [{ key: searchAttributes.number, value: deployment }]),
    ...(release === undefined ? [] : [{ key: searchAttributes.release, value: release }]),
  ]);
}

/** Tells the worker's metrics and logs. */
export function emitEnd({ stack }: DeploymentInput, deployment: number, result: DeploymentResult): void {
  events.emit({
    stack: stack.name,
    environment: stack.environment,
    deployment,
    type: 'deployment.finished',
    intent: result.intent,
    outcome: result.outcome,
    durationMs: result.durationMs,
    message: result.cause?.message,
  });
}
