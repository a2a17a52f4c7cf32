import { sleepLong } from '../../guard/timers';
import type { HealthCheck, InstanceRef } from '../../model/instance';
import { gone, type InstanceStatus } from '../../model/instance-status';
import type { Runtime } from '../../runtimes/runtime';
import { patience } from './await-healthy';
import { problemOf } from './probe';

/** Why an instance that was healthy is not any more. `message` follows the name of the instance. */
export interface Lapse {
  message: string;
  lastProbeError?: string;
  status?: InstanceStatus;
  /** Where the runtime has gathered them itself. */
  events?: string[];
  logs?: string[];
}

/**
 * Checks an instance that has been healthy before. Resolves with nothing at its first successful probe, and with the reason
 * after as many failures in a row as its health check allows, an interval apart. Without a health check it has to run. A
 * cluster probes by itself, and may be replacing a pod: there a pod gets the time that a start has.
 * @throws RuntimeError while the platform is away
 */
export async function stillHealthy(runtime: Runtime, ref: InstanceRef, signal: AbortSignal): Promise<Lapse | undefined> {
  const { healthCheck } = ref;
  const patienceMs = healthCheck && patience(healthCheck);
  if (runtime.workloads) return runtime.workloads.awaitReady(ref, { patienceMs, judgesRoutes: false, signal, onWaiting: () => undefined });
  if (!healthCheck) return lapseOf(await runtime.inspect(ref.name));
  let problem: string | undefined;
  for (let failures = 1; ; failures += 1) {
    problem = await problemOf(runtime, ref.name, healthCheck);
    if (problem === undefined) return undefined;
    const down = lapseOf(await runtime.inspect(ref.name));
    if (down && down.status?.state !== 'restarting') return down;
    if (failures >= failuresAllowed(healthCheck)) return { message: unhealthy(problem, failures), lastProbeError: problem, status: down?.status };
    await sleepLong(healthCheck.intervalMs, signal);
  }
}

/** How many probes in a row have to fail before an instance counts as unhealthy. */
export function failuresAllowed({ retries }: HealthCheck): number {
  return Math.max(1, retries);
}

export function unhealthy(problem: string, failures: number): string {
  return `has become unhealthy: ${problem}${failures > 1 ? ` (${failures} probes in a row)` : ''}`;
}

/** Nothing where the instance runs. */
export function lapseOf(status: InstanceStatus | undefined): Lapse | undefined {
  if (!status) return { message: gone };
  if (status.state === 'running' || status.state === 'paused') return undefined;
  return { message: status.state === 'exited' ? `exited ${status.exitCode ?? '?'} after it had started` : 'crashed and is being restarted', status };
}
