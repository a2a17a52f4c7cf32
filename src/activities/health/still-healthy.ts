import { monotonicMs } from '../../guard/monotonic';
import { sleepLong } from '../../guard/timers';
import type { HealthCheck, InstanceRef } from '../../model/instance';
import { code, exited, gone, ifMeantToEnd, notRunning, type InstanceStatus } from '../../model/instance-status';
import type { Runtime } from '../../runtimes/runtime';
import { healthyWithinMs } from './await-healthy';
import { completedByItself } from './completion';
import { problemOf } from './probe';

const verdictPollMs = 500;
const longestIntervalMs = 60_000;
const longestVerdictMs = 180_000;

/** Why an instance is no longer healthy. `message` follows the name of the instance. */
export interface Lapse {
  message: string;
  lastProbeError?: string;
  status?: InstanceStatus;
  /** Set if the runtime has already collected them. */
  events?: string[];
  logs?: string[];
}

/**
 * Checks an instance that has been healthy before. Resolves with undefined at its first successful probe, and with the
 * reason after as many failures in a row as its health check allows. Without a health check it has to run, and the
 * HEALTHCHECK of its image, if any, must not fail. On a cluster, which may be replacing a pod, it has as much time as a
 * start.
 * @throws RuntimeError while the platform is unavailable
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
  if (!healthCheck) return (await ownVerdict(runtime, ref, signal)).lapse;
  let problem: string | undefined;
  for (let failures = 1; ; failures += 1) {
    problem = await problemOf(runtime, ref.name, healthCheck);
    if (problem === undefined) return undefined;
    const status = await runtime.inspect(ref.name);
    if (await completedByItself(runtime, ref, status, true)) return undefined;
    const down = lapseOf(status);
    if (down && down.status?.state !== 'restarting') return down;
    if (failures >= failuresAllowed(healthCheck))
      return { message: unhealthy(problem, failures), lastProbeError: problem, status: down?.status };
    await sleepLong(healthCheck.intervalMs, signal);
  }
}

/**
 * State and health of an instance without a health check in the stack file; one that has completed is well. Waits while
 * the HEALTHCHECK of its image has no result yet, unless its interval is longer than a minute.
 */
export async function ownVerdict(
  runtime: Runtime,
  ref: InstanceRef,
  signal: AbortSignal,
): Promise<{ lapse?: Lapse; status?: InstanceStatus }> {
  for (const deadline = monotonicMs() + longestVerdictMs; ; await sleepLong(verdictPollMs, signal)) {
    const status = await runtime.inspect(ref.name);
    if (await completedByItself(runtime, ref, status, true)) return { status };
    const lapse = lapseOf(status) ?? failedOwnCheck(status);
    const isAwaited = status?.health === 'starting' && (status.ownCheck?.intervalMs ?? Infinity) <= longestIntervalMs;
    if (lapse || !isAwaited || monotonicMs() > deadline) return { lapse, status };
  }
}

/** Undefined if the image has no HEALTHCHECK, or it does not fail. */
export function failedOwnCheck(status: InstanceStatus | undefined): Lapse | undefined {
  if (status?.health !== 'unhealthy') return undefined;
  const lastProbeError = `the HEALTHCHECK of its image ${status.ownCheck?.problem ?? 'fails'}`;
  return {
    message: `is unhealthy: ${lastProbeError} (\`health_check: {disable: true}\` turns it off)`,
    lastProbeError,
    status,
  };
}

/** Failed probes in a row after which an instance counts as unhealthy. */
export function failuresAllowed({ retries }: HealthCheck): number {
  return Math.max(1, retries);
}

export function unhealthy(problem: string, failures: number): string {
  return `has become unhealthy: ${problem}${failures > 1 ? ` (${failures} probes in a row)` : ''}`;
}

/** The lapse of an instance that its runtime has already restarted; with the exit code if the runtime keeps it. */
export async function crashedAndRestarted(runtime: Runtime, name: string, status: InstanceStatus): Promise<Lapse> {
  const exitCode = await runtime.lastExit?.(name).catch(() => undefined);
  return { message: `crashed${code(exitCode)} and was restarted`, status };
}

/** Undefined if the instance runs. */
export function lapseOf(status: InstanceStatus | undefined): Lapse | undefined {
  if (!status) return { message: gone };
  if (status.state === 'running' || status.state === 'paused') return undefined;
  if (status.state === 'exited')
    return { message: `${exited(status.exitCode)} after it had started${ifMeantToEnd(status.exitCode)}`, status };
  return {
    message:
      status.state === 'restarting'
        ? `crashed${code(status.exitCode)} and is being restarted`
        : notRunning(status.state),
    status,
  };
}
