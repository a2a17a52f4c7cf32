import type { StackFile } from '../schema/stack-file';
import { toMs } from '../schema/values';
import type { DeploymentSettings, FreezeWindow } from '../../model/stack';
import { toTimeZone } from './time-zone';
import { type Attempt, Malformed } from './words';

type DeploymentInput = NonNullable<StackFile['deployment']>;

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** Settings of the deployment, with defaults. */
export function toDeployment(input: DeploymentInput, attempt: Attempt): DeploymentSettings {
  return {
    strategy: input.strategy === 'Sequential' ? 'sequential' : 'parallel',
    maxParallel: input.strategy === 'Sequential' ? 1 : (input.max_parallel ?? 10),
    timeoutMs: toMs(input.timeout_seconds ?? 300),
    rollbackOnFailure: input.rollback_on_failure ?? true,
    ...(input.on_failure === 'wait' && { waitOnFailureMs: toMs(input.wait_limit ?? '1h') }),
    platformTimeoutMs: toMs(input.platform_timeout ?? '15m'),
    watchWindowMs: toMs(input.watch_window ?? 0),
    keepReleases: input.keep_releases ?? 10,
    circuitBreaker: {
      threshold: input.circuit_breaker_threshold ?? 3,
      recoveryMs: toMs(input.circuit_breaker_recovery ?? '15m'),
    },
    freezeWindows: (input.freeze_windows ?? []).flatMap((window, index) =>
      attempt(['deployment', 'freeze_windows', index], () => [toWindow(window)], []),
    ),
  };
}

function toWindow({
  from,
  to,
  time_zone: zone,
  action,
}: NonNullable<DeploymentInput['freeze_windows']>[number]): FreezeWindow {
  const timeZone = toTimeZone(zone);
  const [start, end] = [toMinute(from), toMinute(to)];
  if (start === end) throw new Malformed('starts and ends at the same time; change from or to');
  return { from: start, to: end, timeZone, text: `${from} to ${to} ${timeZone}`, refuse: action === 'refuse' };
}

/** Minute of the week. */
function toMinute(moment: string): number {
  const [day, time] = moment.toLowerCase().split(' ');
  const [hours, minutes] = time!.split(':').map(Number);
  return (days.indexOf(day!) * 24 + hours!) * 60 + minutes!;
}
