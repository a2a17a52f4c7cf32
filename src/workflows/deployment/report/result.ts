import { ApplicationFailure, patched, upsertSearchAttributes } from '@temporalio/workflow';
import { isSuccess } from '../../../model/deployment';
import type { Happening } from '../../../model/events';
import { acts, servicesOf } from '../../../plan/plan';
import { patches } from '../../support/patches';
import {
  deploymentFailure,
  searchAttributes,
  type DeploymentInput,
  type DeploymentResult,
  type Go,
  type SteeringRecord,
} from '../../messages';
import type { DeploymentRun, RunResult } from '../run';

/** Characters of a failure's message. */
const longestMessage = 2000;

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

/**
 * Ends the workflow as its deployment ended: one that did not succeed fails, so that the Temporal UI shows it in red
 * with the cause; an encrypted deployment shows its outcome only. The details have the result, which clients return as
 * always.
 * @throws ApplicationFailure
 */
export function endAs(result: DeploymentResult, isEncrypted: boolean): DeploymentResult {
  if (isSuccess(result.outcome) || !patched(patches.failedDeployments)) return result;
  const { outcome, cause, refusals } = result;
  const why = isEncrypted
    ? []
    : [cause && `${cause.title ?? cause.step}: ${cause.message}`, ...refusals.map(({ message }) => message)];
  throw ApplicationFailure.create({
    type: deploymentFailure,
    message: [outcome.replaceAll('_', ' '), ...why.filter(Boolean)].join(': ').slice(0, longestMessage),
    details: [result],
    nonRetryable: true,
  });
}

/** Sets the search attributes of an ended deployment, even of one that never started. */
export function markEnd({ outcome, deployment, release }: DeploymentResult): void {
  upsertSearchAttributes([
    { key: searchAttributes.status, value: outcome },
    ...(deployment === undefined ? [] : [{ key: searchAttributes.number, value: deployment }]),
    ...(release === undefined ? [] : [{ key: searchAttributes.release, value: release }]),
  ]);
}

export function startedEvent({ intent, requestedBy, reason, target, commit }: DeploymentInput): Happening {
  const data = { intent: intent.kind, requestedBy, reason, target, ...(commit !== undefined && { commit }) };
  return { code: 'deployment.started', data };
}

export function finishedEvent(result: DeploymentResult, { commit }: Pick<DeploymentInput, 'commit'>): Happening {
  const { outcome, intent, requestedBy, reason, release, cause, changed, leftBehind, notUndone, durationMs } = result;
  return {
    code: 'deployment.finished',
    data: {
      outcome,
      intent,
      requestedBy,
      reason,
      release,
      cause,
      changed,
      leftBehind,
      notUndone,
      durationMs,
      ...(commit !== undefined && { commit }),
    },
  };
}
