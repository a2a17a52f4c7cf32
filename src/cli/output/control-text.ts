import {
  freezeText,
  isOn,
  type Breaker,
  type EnvironmentState,
  type Freeze,
  type JoinRequest,
} from '../../workflows/messages';
import { isSuccess, type Outcome } from '../../model/deployment';
import { BadRequest } from '../../temporal/errors';
import { ago, moment } from './words';

/**
 * The text of a deployment that ended right after a request to cancel it.
 * @throws BadRequest if it had succeeded before it could be cancelled
 */
export function cancelledText(id: string, outcome: Outcome): string {
  if (outcome === 'cancelled') return `deployment ${id} was cancelled`;
  const ended = outcome.replaceAll('_', ' ');
  if (isSuccess(outcome)) throw new BadRequest(`deployment ${id} ended before it could be cancelled: ${ended}`);
  return `deployment ${id} has ended: ${ended}`;
}

/** The text of an active freeze; empty if there is none. */
export function frozenText(freeze: Freeze | undefined): string[] {
  return freeze && isOn(freeze, Date.now()) ? [freezeText(freeze, moment)] : [];
}

/** The text of an open circuit breaker; empty while it is closed. */
export function breakerText({ failures, openedAt, recoveryMs }: Breaker): string[] {
  if (openedAt === undefined) return [];
  const until = openedAt + recoveryMs;
  const effect = until > Date.now() ? `refused until ${moment(new Date(until))}` : 'tried one at a time';
  return [`circuit breaker open after ${failures} failed deployments in a row: automatic ones are ${effect}`];
}

/** Rows for the running deployment and each waiting one. */
export function queueRows(running: EnvironmentState['running'], queue: readonly JoinRequest[]): string[][] {
  return [
    ...(running ? [row(running, `runs (${running.deployment})`)] : []),
    ...queue.map((request) => row(request, 'waits')),
  ];
}

function row({ workflowId, asked }: Pick<JoinRequest, 'workflowId' | 'asked'>, state: string): string[] {
  const id = workflowId.split('/').at(-1)!.slice(0, 8);
  return [
    id,
    state,
    asked?.intent ?? '-',
    asked?.by ?? '-',
    asked ? ago(new Date(asked.at)) : '-',
    asked?.reason ?? '',
  ];
}
