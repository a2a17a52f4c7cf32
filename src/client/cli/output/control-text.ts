import type { Breaker, EnvironmentState, Freeze, JoinRequest } from '../../../workflows/messages';
import { ago, moment } from './words';

/** `frozen until 2026-12-24 18:00 by ana: holidays`. */
export function freezeText({ by, reason, until }: Freeze): string {
  return `frozen ${until === undefined ? '' : `until ${moment(new Date(until))} `}by ${by}${reason ? `: ${reason}` : ''}`;
}

/** What a freeze that is not over says. */
export function frozenText(freeze: Freeze | undefined): string[] {
  return freeze && (freeze.until ?? Infinity) > Date.now() ? [freezeText(freeze)] : [];
}

/** Nothing while it is closed. */
export function breakerText({ failures, openedAt, recoveryMs }: Breaker): string[] {
  if (openedAt === undefined) return [];
  const until = openedAt + recoveryMs;
  const then = until > Date.now() ? `refused until ${moment(new Date(until))}` : 'tried one at a time';
  return [`circuit breaker open after ${failures} failed deployments in a row: automatic ones are ${then}`];
}

/** One row for what runs, one for each that waits. */
export function queueRows(running: EnvironmentState['running'], queue: readonly JoinRequest[]): string[][] {
  return [...(running ? [row(running, `runs (${running.deployment})`)] : []), ...queue.map((request) => row(request, 'waits'))];
}

function row({ workflowId, asked }: Pick<JoinRequest, 'workflowId' | 'asked'>, state: string): string[] {
  const id = workflowId.split('/').at(-1)!.slice(0, 8);
  return [id, state, asked?.intent ?? '-', asked?.by ?? '-', asked ? ago(new Date(asked.at)) : '-', asked?.reason ?? ''];
}
