import { upsertSearchAttributes } from '@temporalio/workflow';
import type { Happening } from '../../../model/events';
import { acts, servicesOf } from '../../../plan/plan';
import {
  searchAttributes,
  type DeploymentInput,
  type DeploymentResult,
  type Go,
  type SteeringRecord,
} from '../../messages';
import type { DeploymentRun, RunResult } from '../run';

/** An ended deployment; without `go` it never started, without `run` it made no plan. */
export interface Ended {
  input: DeploymentInput;
  begin: number;
  go?: Go;
  run?: DeploymentRun;
  steering: SteeringRecord[];
}

/** The result of a deployment. */
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

/** Sets the search attributes of an ended deployment, even of one that never started. */
export function markEnd({ outcome, deployment, release }: DeploymentResult): void {
  upsertSearchAttributes([
    { key: searchAttributes.status, value: outcome },
    ...(deployment === undefined ? [] : [{ key: searchAttributes.number, value: deployment }]),
    ...(release === undefined ? [] : [{ key: searchAttributes.release, value: release }]),
  ]);
}

export function startedEvent({ intent, requestedBy, reason, target }: DeploymentInput): Happening {
  return { code: 'deployment.started', data: { intent: intent.kind, requestedBy, reason, target } };
}

export function finishedEvent(result: DeploymentResult): Happening {
  const { outcome, intent, requestedBy, reason, release, cause, changed, leftBehind, notUndone, durationMs } = result;
  return {
    code: 'deployment.finished',
    data: { outcome, intent, requestedBy, reason, release, cause, changed, leftBehind, notUndone, durationMs },
  };
}
