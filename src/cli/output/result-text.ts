import type { LaterFailure } from '../../client/history';
import type { Outcome } from '../../model/deployment';
import type { Cause, DeploymentResult } from '../../workflows/messages';
import { exitCodeOf } from '../exit-codes';
import { refusalText } from './plan-text';
import { ago, counted, cutMiddle, seconds } from './words';
import { paint } from './terminal';

const shownLogLines = 10;
/** Characters of a cause in one line. */
const longestCause = 160;
/** Exit code of what was ended by SIGKILL. */
const killed = 137;

/**
 * The result of a deployment: outcome, evidence, effects that are not undone, and next commands.
 * `place`: the options that name the environment, with a space before them.
 */
export function resultText(result: DeploymentResult, place: string): string[] {
  const { outcome, cause, deployment } = result;
  return [
    headline(result),
    ...(cause && outcome !== 'cancelled' ? causeText(cause) : []),
    ...(result.refusals.length > 0 ? refusalText(result.refusals) : []),
    ...result.tolerated.map((each) => paint.yellow(`  FAILED alone (on_failure: continue): ${each.message}`)),
    ...result.warnings.map((warning) => paint.yellow(`  warning: ${warning}`)),
    ...(result.steering ?? []).map(
      ({ action, by, reason, service }) =>
        `  steered   ${action}${service ? ` ${service}` : ''} by ${by}${reason ? `: ${reason}` : ''}`,
    ),
    ...result.notUndone.map((effect) => paint.bold(paint.yellow(`  NOT undone: ${effect}`))),
    ...result.leftBehind.map((remains) => paint.red(`  left: ${remains}`)),
    ...(outcome === 'rollback_incomplete'
      ? [
          `  next      fix the problems above, then run \`deploy-code ` +
            `${result.release === undefined ? 'stop' : `rollback --to ${result.release}`}${place}\``,
        ]
      : []),
    ...(cause?.service && deployment && cause.evidence?.logs.length
      ? [`  next      deploy-code logs ${deployment} ${cause.service}${place}`]
      : []),
  ];
}

function headline({ outcome, durationMs, rollbackMs, release, cause, intent, changed }: DeploymentResult): string {
  const running = release === undefined ? 'Nothing is deployed' : `Running: release ${release}`;
  const took = seconds(durationMs);
  const inTime = rollbackMs === undefined ? '' : ` in ${seconds(rollbackMs)}`;
  switch (outcome) {
    case 'succeeded':
      return paint.green(
        intent === 'stop'
          ? `STOPPED ${counted(changed.length, 'service')} in ${took}; volumes are kept`
          : `DONE in ${took}. ${running}`,
      );
    case 'unchanged':
      return paint.green(`Nothing changed (checked in ${took}). ${running}`);
    case 'refused':
      return paint.red(`REFUSED${cause ? `: ${cause.message}` : ''}. Nothing was changed. Exit ${exitCodeOf(outcome)}`);
    case 'rolled_back':
      return paint.red(`FAILED, rolled back${inTime}. ${running}. Exit ${exitCodeOf(outcome)}`);
    case 'left_as_is':
      return paint.red(`FAILED, and left as it is: nothing was rolled back. Exit ${exitCodeOf(outcome)}`);
    case 'rollback_incomplete':
      return paint.red(`FAILED, and the rollback is incomplete. Exit ${exitCodeOf(outcome)}`);
    case 'cancelled':
      return paint.yellow(
        'CANCELLED ' +
          `(${cause?.message ?? 'before it started'})${rollbackMs === undefined ? '' : `, rolled back${inTime}`}. ` +
          `${running}. Exit ${exitCodeOf(outcome)}`,
      );
  }
}

/**
 * The cause of a failure, with its evidence. An exit is the cause itself: no probe reaches what has exited. Further
 * lines of a message stand before the log lines, like them.
 */
export function causeText({ step, title = step, message, evidence }: Cause): string[] {
  const memory = evidence && !message.includes('out of memory') ? memoryText(evidence) : [];
  const { lastProbeError, exitCode } = evidence ?? {};
  const isNews = lastProbeError !== undefined && exitCode === undefined && !message.includes(lastProbeError);
  const probe = isNews ? [`last probe: ${lastProbeError}`] : [];
  const logs = evidence?.logs ?? [];
  const [first, ...more] = atStep(step, title, [message, ...memory, ...probe].join(', ')).split('\n');
  return [
    `  cause     ${first}`,
    ...more.map((line) => `            | ${line}`),
    ...logs.slice(-shownLogLines).map((line) => paint.dim(`            | ${line}`)),
    ...(logs.length > shownLogLines
      ? [paint.dim(`            (the last ${shownLogLines} of ${logs.length} lines)`)]
      : []),
  ];
}

/** The question arises only for an instance that was killed. */
function memoryText({ outOfMemory, exitCode }: NonNullable<Cause['evidence']>): string[] {
  if (outOfMemory) return ['OUT OF MEMORY'];
  return outOfMemory === false && exitCode === killed ? ['not out of memory'] : [];
}

/** An old instance is stopped only while the new one is healthy: what fails then is the new one. */
function atStep(step: string, title: string, what: string): string {
  const [, kind] = step.split('/');
  return kind?.startsWith('retire') ? `${what} (before: ${title})` : `${title}: ${what}`;
}

const endings: Partial<Record<Outcome | 'lost', string>> = {
  rolled_back: 'failed and was rolled back',
  rollback_incomplete: 'failed, and its rollback is incomplete',
  left_as_is: 'failed, and was left as it is',
  lost: 'ended without a result',
};

/** One line about a deployment that failed after the current release. `place`: the options of the environment. */
export function laterFailureText({ deployment, outcome, endedAt, result }: LaterFailure, place: string): string {
  const about = [result && `${result.intent} by ${result.requestedBy}`, endedAt && ago(endedAt)].filter(Boolean);
  const cause = result?.cause?.message.split('\n')[0];
  return (
    `deployment ${deployment}${about.length > 0 ? ` (${about.join(', ')})` : ''} ${endings[outcome] ?? outcome}` +
    `${cause ? `: ${cutMiddle(cause, longestCause)}` : ''}; more: deploy-code status ${deployment}${place}`
  );
}
