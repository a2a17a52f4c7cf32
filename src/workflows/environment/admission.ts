import { isFailure, isSuccess } from '../../model/deployment';
import { limits } from '../../model/stack/limits';
import type { Asked } from '../../plan/asked';
import { countFailure, isOpen } from '../support/breaker';
import { freezeText, isOn, type Breaker, type EnvironmentState, type JoinRequest, type Outcome } from '../messages';

/** Decides whether deployments may start: pure functions of the state of the environment and the time. */

/** The reason for refusing a request at once; undefined if it may start or wait. */
export function turnAway(request: JoinRequest, state: EnvironmentState, now: number): string | undefined {
  const { asked } = request;
  if (state.queue.length >= limits.queue)
    return `${state.queue.length} deployments are already waiting; try again when some have finished`;
  if (!asked) return undefined;
  if (asked.whenBusy === 'reject' && isBusy(request, state))
    return `${busyWith(state)}; try again when it has finished, or omit --reject to wait for it`;
  return forbids(request, state, now);
}

/** The reason for refusing a request, now or when its turn comes. */
export function forbids({ asked }: JoinRequest, state: EnvironmentState, now: number): string | undefined {
  if (!asked || asked.force) return undefined;
  const hold = holds(asked, state, now).find(({ refuse }) => refuse);
  return hold && `${hold.text}; --force overrides it`;
}

/** The hold that `--force` overrides, for the record. */
export function goesPast({ asked }: JoinRequest, state: EnvironmentState, now: number): string | undefined {
  return asked?.force ? holds(asked, state, now)[0]?.text : undefined;
}

/** The hold that makes an accepted request wait although no deployment runs. */
export function heldBack({ asked }: JoinRequest, state: EnvironmentState, now: number): Hold | undefined {
  return !asked || asked.force ? undefined : holds(asked, state, now)[0];
}

export interface Hold {
  text: string;
  /** In ms since the epoch; absent: until a person ends it. */
  until?: number;
  refuse: boolean;
}

function holds({ window, automatic }: Asked, { freeze, breaker }: EnvironmentState, now: number): Hold[] {
  return [
    ...(freeze && isOn(freeze, now)
      ? [{ text: freezeText(freeze, iso), until: freeze.until, refuse: freeze.refuse }]
      : []),
    ...(window && now < window.until
      ? [{ ...window, text: `frozen by the window ${window.text} until ${iso(new Date(window.until))}` }]
      : []),
    ...(automatic && breaker && isOpen(breaker, now)
      ? [{ text: breakerText(breaker), until: breaker.openedAt! + breaker.recoveryMs, refuse: true }]
      : []),
  ];
}

/** The circuit breaker after a deployment has ended. */
export function countEnd(breaker: Breaker | undefined, outcome: Outcome | 'lost', now: number): Breaker | undefined {
  if (!breaker) return undefined;
  if (outcome !== 'lost' && isSuccess(outcome)) return { ...breaker, failures: 0, openedAt: undefined };
  if (!isFailure(outcome)) return breaker;
  return { ...breaker, ...countFailure(breaker, breaker.failures, now) };
}

function breakerText({ failures, openedAt, recoveryMs }: Breaker): string {
  return (
    `the circuit breaker is open after ${failures} failed deployments in a row; ` +
    `automatic ones are refused until ${iso(new Date(openedAt! + recoveryMs))}`
  );
}

function isBusy({ workflowId }: JoinRequest, { running, queue }: EnvironmentState): boolean {
  return running !== undefined || queue.some((other) => other.workflowId !== workflowId);
}

function busyWith({ running, queue }: EnvironmentState): string {
  if (running) return `deployment ${running.deployment}${running.asked ? ` by ${running.asked.by}` : ''} runs`;
  return queue.length === 1 ? 'another deployment waits' : `${queue.length} deployments wait`;
}

/** Adding two valid times can exceed the range of dates. */
function iso(time: Date): string {
  if (Number.isNaN(time.getTime())) return 'the end of time';
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
