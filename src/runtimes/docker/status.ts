import type { ContainerInspectInfo } from 'dockerode';
import type { InstanceStatus } from '../../model/instance-status';
import { endOfOutput } from '../../model/text/command-output';
import { hashOf } from './labels';
import { toState } from './observe';

/** Docker's default, in s. */
const defaultInterval = 30;
const longestOutput = 300;

/** The status of an instance, from the inspection of its container. */
export function toStatus({ State, RestartCount, Config }: ContainerInspectInfo): InstanceStatus {
  return {
    state: toState(State.Status),
    hash: hashOf(Config.Labels),
    exitCode: State.Running && !State.Restarting ? undefined : State.ExitCode,
    outOfMemory: State.OOMKilled,
    restarts: RestartCount,
    startedAt: Date.parse(State.StartedAt) || undefined,
    health: State.Health?.Status as InstanceStatus['health'],
    ...(State.Health && { ownCheck: ownCheck(State.Health, Config.Healthcheck) }),
  };
}

/** Docker uses nanoseconds; since version 25 an image can have a shorter interval during the start. */
function ownCheck(
  { Log }: { Log?: { ExitCode: number; Output: string }[] | null },
  check: Partial<Record<'Interval' | 'StartInterval', number>> = {},
): InstanceStatus['ownCheck'] {
  const intervalMs = (check.StartInterval || check.Interval || defaultInterval * 1e9) / 1e6;
  const last = Log?.at(-1);
  if (!last || last.ExitCode === 0) return { intervalMs };
  const output = endOfOutput(last.Output, longestOutput);
  return { intervalMs, problem: `exited ${last.ExitCode}${output ? `: ${output}` : ''}` };
}
