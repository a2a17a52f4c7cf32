import type { Publisher } from '../../support/publisher';
import type { DeploymentInput, DeploymentResult } from '../../messages';

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

/** What subscribers are told of a deployment: that it begins, and how it ended, with the evidence of a failure. */
export function tellBegin(
  publisher: Publisher,
  deployment: number,
  { intent, requestedBy, reason, target }: DeploymentInput,
): void {
  const what = target === undefined ? intent.kind : `${intent.kind} of release ${target}`;
  publisher.publish(
    'deployment.started',
    deployment,
    `deployment ${deployment} (${what}) begins, by ${requestedBy}${reason ? `: ${reason}` : ''}`,
    { intent: intent.kind, requestedBy, reason },
  );
}

export function tellEnd(
  publisher: Publisher,
  {
    deployment,
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
  }: DeploymentResult,
): void {
  if (deployment === undefined) return;
  const why = cause ? `: ${cause.message}` : '';
  const runs = release === undefined ? '' : `; release ${release} runs`;
  publisher.publish(
    'deployment.finished',
    deployment,
    `deployment ${deployment} ${outcome.replaceAll('_', ' ')} after ${seconds(durationMs)}${why}${runs}`,
    { outcome, intent, requestedBy, reason, release, cause, changed, leftBehind, notUndone, durationMs },
  );
}
