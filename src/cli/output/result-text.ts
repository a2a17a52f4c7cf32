import type { Cause, DeploymentResult } from '../../workflows/messages';
import { exitCodeOf } from '../exit-codes';
import { refusalText } from './plan-text';
import { seconds } from './words';
import { paint } from './terminal';

const shownLogLines = 10;

/** How a deployment ended: the outcome, its evidence, what stays, and what to do next. */
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
    ...result.notUndone.map((what) => paint.bold(paint.yellow(`  NOT undone: ${what}`))),
    ...result.leftBehind.map((what) => paint.red(`  left: ${what}`)),
    ...(outcome === 'rollback_incomplete'
      ? [
          `  next      mend what is named above, then \`deploy-code ` +
            `${result.release === undefined ? 'stop' : `rollback --to ${result.release}`}\` goes on from here`,
        ]
      : []),
    ...(cause?.service && deployment
      ? [`  next      deploy-code logs ${deployment} ${cause.service}${place ? `   (${place})` : ''}`]
      : []),
  ];
}

function headline({ outcome, durationMs, rollbackMs, release, cause, intent, changed }: DeploymentResult): string {
  const running = release === undefined ? 'Nothing was deployed before' : `Running: release ${release}`;
  const took = seconds(durationMs);
  const back = rollbackMs === undefined ? '' : ` in ${seconds(rollbackMs)}`;
  switch (outcome) {
    case 'succeeded':
      return paint.green(
        intent === 'stop'
          ? `STOPPED ${changed.length} services in ${took}; volumes are kept`
          : `DONE in ${took}. ${running}`,
      );
    case 'unchanged':
      return paint.green(`Nothing changed (looked for ${took}). ${running}`);
    case 'refused':
      return paint.red(`REFUSED${cause ? `: ${cause.message}` : ''}. Nothing was changed. Exit ${exitCodeOf(outcome)}`);
    case 'rolled_back':
      return paint.red(`FAILED, rolled back${back}. ${running}. Exit ${exitCodeOf(outcome)}`);
    case 'left_as_is':
      return paint.red(`FAILED, and left as it is: nothing was rolled back. Exit ${exitCodeOf(outcome)}`);
    case 'rollback_incomplete':
      return paint.red(`FAILED, and the rollback is incomplete. Exit ${exitCodeOf(outcome)}`);
    case 'cancelled':
      return paint.yellow(
        'CANCELLED ' +
          `(${cause?.message ?? 'before it began'})${rollbackMs === undefined ? '' : `, rolled back${back}`}. ` +
          `${running}. Exit ${exitCodeOf(outcome)}`,
      );
  }
}

/** What went wrong, and everything that shows why. */
export function causeText({ step, title = step, message, evidence: found }: Cause): string[] {
  const memory =
    found?.outOfMemory === undefined || message.includes('out of memory')
      ? []
      : [found.outOfMemory ? 'OUT OF MEMORY' : 'not out of memory'];
  const probe = found?.lastProbeError ? [`last probe: ${found.lastProbeError}`] : [];
  const logs = found?.logs ?? [];
  return [
    `  cause     ${title}: ${[message, ...memory, ...probe].join(', ')}`,
    ...logs.slice(-shownLogLines).map((line) => paint.dim(`            | ${line}`)),
    ...(logs.length > shownLogLines
      ? [paint.dim(`            (the last ${shownLogLines} of ${logs.length} lines)`)]
      : []),
  ];
}
