import { monotonicMs } from '../../guard/monotonic';
import { sleepLong } from '../../guard/timers';
import type { HealthCheck, InstanceRef } from '../../model/instance';
import { code, exited, gone, notRunning, type InstanceStatus } from '../../model/instance-status';
import type { Runtime } from '../../runtimes/runtime';
import { healthyWithinMs } from './await-healthy';
import { problemOf } from './probe';

const verdictLookMs = 500;
const longestIntervalMs = 60_000;
const longestVerdictMs = 180_000;

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
 * Checks an instance that has been healthy before. Resolves with nothing at its first successful probe, and with the
 * reason after as many failures in a row as its health check allows, an interval apart. Without a health check it has
 * to run, and the HEALTHCHECK of its image, if there is one, must not fail. A cluster probes by itself, and may be
 * replacing a pod: there a pod gets the time that a start has.
 * @throws RuntimeError while the platform is away
 */
export async function stillHealthy(
  runtime: Runtime,
  ref: InstanceRef,
  signal: AbortSignal,
): Promise<Lapse | undefined> {
  const { healthCheck } = ref;
  if (runtime.workloads)
    return runtime.workloads.awaitReady(ref, {
      healthyWithinMs: healthCheck && healthyWithinMs(healthCheck),
      judgesRoutes: false,
      signal,
      onWaiting: () => undefined,
    });
  if (!healthCheck) return (await ownVerdict(runtime, ref.name, signal)).lapse;
  let problem: string | undefined;
  for (let failures = 1; ; failures += 1) {
    problem = await problemOf(runtime, ref.name, healthCheck);
    if (problem === undefined) return undefined;
    const down = lapseOf(await runtime.inspect(ref.name));
    if (down && down.status?.state !== 'restarting') return down;
    if (failures >= failuresAllowed(healthCheck))
      return { message: unhealthy(problem, failures), lastProbeError: problem, status: down?.status };
    await sleepLong(healthCheck.intervalMs, signal);
  }
}

/**
 * What an instance is by its runtime alone, for one whose stack file names no health check. While the HEALTHCHECK of
 * its image has no verdict yet it is waited for, as long as one can be expected: not where it is asked for the first
 * time after a minute only.
 */
export async function ownVerdict(
  runtime: Runtime,
  name: string,
  signal: AbortSignal,
): Promise<{ lapse?: Lapse; status?: InstanceStatus }> {
  for (const deadline = monotonicMs() + longestVerdictMs; ; await sleepLong(verdictLookMs, signal)) {
    const status = await runtime.inspect(name);
    const lapse = lapseOf(status) ?? failedOwnCheck(status);
    const isAwaited = status?.health === 'starting' && (status.ownCheck?.intervalMs ?? Infinity) <= longestIntervalMs;
    if (lapse || !isAwaited || monotonicMs() > deadline) return { lapse, status };
  }
}

/** Nothing where the image brings no HEALTHCHECK, or it does not fail. */
export function failedOwnCheck(status: InstanceStatus | undefined): Lapse | undefined {
  if (status?.health !== 'unhealthy') return undefined;
  const lastProbeError = `the HEALTHCHECK of its image ${status.ownCheck?.problem ?? 'fails'}`;
  return {
    message: `is unhealthy: ${lastProbeError} (\`health_check: {disable: true}\` turns it off)`,
    lastProbeError,
    status,
  };
}

/** How many probes in a row have to fail before an instance counts as unhealthy. */
export function failuresAllowed({ retries }: HealthCheck): number {
  return Math.max(1, retries);
}

export function unhealthy(problem: string, failures: number): string {
  return `has become unhealthy: ${problem}${failures > 1 ? ` (${failures} probes in a row)` : ''}`;
}

/** For an instance that its runtime has started again already: with the code of its exit, where that is kept. */
export async function crashedAndRestarted(runtime: Runtime, name: string, status: InstanceStatus): Promise<Lapse> {
  const exitCode = await runtime.lastExit?.(name).catch(() => undefined);
  return { message: `crashed${code(exitCode)} and was restarted`, status };
}

/** Nothing where the instance runs. */
export function lapseOf(status: InstanceStatus | undefined): Lapse | undefined {
  if (!status) return { message: gone };
  if (status.state === 'running' || status.state === 'paused') return undefined;
  if (status.state === 'exited') return { message: `${exited(status.exitCode)} after it had started`, status };
  return {
    message:
      status.state === 'restarting'
        ? `crashed${code(status.exitCode)} and is being restarted`
        : notRunning(status.state),
    status,
  };
}
