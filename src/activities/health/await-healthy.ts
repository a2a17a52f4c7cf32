import { setTimeout as sleep } from 'node:timers/promises';
import { alwaysRestarted, type HealthCheck, type InstanceRef, type InstanceSpec } from '../../model/instance';
import { exited, gone, hasCompleted, ifMeantToEnd, notRunning, type InstanceStatus } from '../../model/instance-status';
import { type Runtime, RuntimeError, type WorkloadRunner } from '../../runtimes/runtime';
import { problemOf } from './probe';
import { monotonicMs } from '../../guard/monotonic';
import { abortable, sleepLong } from '../../guard/timers';

const firstDelayMs = 10;
const growth = 1.5;
const nextExitMs = 700;
const seenMs = 50;
/** After this time without an answer, another container may hold the instance's address. */
const suspiciousMs = 2000;

export interface AwaitOptions {
  /** Exits before this call count too. */
  fresh: boolean;
  /** The platform was unavailable: it stopped the instances that are found stopped. */
  afterTrouble: boolean;
  /** Exit code of the first exit, awaited since before the start. */
  firstExit?: Promise<number | undefined>;
  /** Time that earlier attempts took, in ms. */
  usedMs: number;
  signal: AbortSignal;
  onProbe: (problem: string | undefined, usedMs: number) => void;
}

export type StartOptions = Omit<AwaitOptions, 'fresh' | 'firstExit'> & { force?: boolean; onStart: () => void };

/** Why an instance did not become healthy. */
export interface Unhealthy {
  message: string;
  lastProbeError?: string;
  status?: InstanceStatus;
  /** Set if the runtime has already collected them. */
  events?: string[];
  logs?: string[];
}

/**
 * Creates and starts an instance, and watches it from before its start, so that no exit is missed. An instance that an
 * interrupted start has left unusable is created again.
 */
export async function startUntilHealthy(
  runtime: Runtime,
  spec: InstanceSpec,
  options: StartOptions,
): Promise<Unhealthy | undefined> {
  try {
    return await startOnce(runtime, spec, options);
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.reason !== 'stuck') throw error;
    await runtime.remove(spec);
    return startOnce(runtime, spec, options);
  }
}

async function startOnce(runtime: Runtime, spec: InstanceSpec, options: StartOptions): Promise<Unhealthy | undefined> {
  if (runtime.workloads) {
    await runtime.workloads.apply(spec, options.force ?? false);
    options.onStart();
    return awaitHealthy(runtime, spec, { ...options, fresh: true });
  }
  await runtime.create(spec);
  const stop = new AbortController();
  const firstExit = runtime.nextExit?.(spec.name, stop.signal).catch(() => undefined);
  try {
    await runtime.start(spec.name);
    options.onStart();
    return await awaitHealthy(runtime, spec, { ...options, fresh: true, firstExit });
  } finally {
    stop.abort();
  }
}

/**
 * Watches an instance; resolves with undefined when it is healthy, or with the reason when it cannot become healthy.
 * Probes start every few milliseconds and back off to the interval of the check; exits are noticed at once.
 */
export async function awaitHealthy(
  runtime: Runtime,
  ref: InstanceRef,
  options: AwaitOptions,
): Promise<Unhealthy | undefined> {
  if (runtime.workloads) return awaitWorkload(runtime.workloads, ref, options);
  const restartsBefore =
    options.fresh && !options.afterTrouble ? 0 : await restartsSoFar(runtime, ref, options.afterTrouble);
  if (!ref.healthCheck && !isDown(ref, await runtime.inspect(ref.name), restartsBefore)) return undefined;
  const stop = new AbortController();
  let lastProbeError: string | undefined;
  const onProbe: AwaitOptions['onProbe'] = (problem, usedMs) => {
    lastProbeError = problem;
    options.onProbe(problem, usedMs);
  };
  try {
    const outcome = Promise.race([
      watchExit(runtime, ref, restartsBefore, options.firstExit, stop.signal),
      probeUntilHealthy(runtime, ref, { ...options, onProbe }, stop.signal),
    ]);
    const unhealthy = await abortable(outcome, options.signal);
    return unhealthy && { ...unhealthy, lastProbeError };
  } finally {
    stop.abort();
  }
}

/** A cluster runs the probes itself, and reports their results as they happen. */
function awaitWorkload(
  workloads: WorkloadRunner,
  ref: InstanceRef,
  { fresh, signal, usedMs, onProbe }: AwaitOptions,
): Promise<Unhealthy | undefined> {
  const startedAt = monotonicMs();
  return workloads.awaitReady(ref, {
    signal,
    judgesRoutes: fresh,
    ...(ref.healthCheck && { healthyWithinMs: healthyWithinMs(ref.healthCheck) }),
    onWaiting: (why) => onProbe(why, usedMs + monotonicMs() - startedAt),
  });
}

/** The restart count. After platform trouble, a stopped instance is started first. */
async function restartsSoFar(runtime: Runtime, ref: InstanceRef, afterTrouble: boolean): Promise<number> {
  const status = await runtime.inspect(ref.name);
  if (status?.state !== 'exited' || !afterTrouble) return status?.restarts ?? 0;
  await runtime.revive(ref);
  return (await runtime.inspect(ref.name))?.restarts ?? 0;
}

/**
 * Resolves when the instance is down for good: its restart policy does not restart it, or its attempts are used up. One
 * that may end and has done so without an error is as good as healthy.
 */
async function watchExit(
  runtime: Runtime,
  ref: InstanceRef,
  restartsBefore: number,
  firstExit: AwaitOptions['firstExit'],
  signal: AbortSignal,
): Promise<Unhealthy | undefined> {
  let exitCode: number | undefined;
  for (let awaited = firstExit; !signal.aborted; awaited = undefined) {
    const status = await runtime.inspect(ref.name);
    if (hasCompleted(ref, status)) return undefined;
    if (isStopped(runtime, ref, status))
      throw new RuntimeError(
        'platform',
        `${ref.name} was stopped from outside, usually by the Docker Engine: ` +
          'after an exit of its own, its policy would have restarted it',
      );
    if (isDown(ref, status, restartsBefore))
      return describeDown(status, exitCode ?? (await known(firstExit)) ?? (await nextExit(runtime, ref.name, status)));
    try {
      exitCode = await (awaited ?? runtime.waitForExit(ref.name, signal));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
  return new Promise(() => undefined);
}

/**
 * True if the platform stopped the instance. The exit code does not show this, but a policy that always restarts does.
 */
function isStopped(
  { restartsWhatExits }: Runtime,
  { restart }: InstanceRef,
  status: InstanceStatus | undefined,
): boolean {
  return restartsWhatExits === true && status?.state === 'exited' && alwaysRestarted.has(restart);
}

function isDown(ref: InstanceRef, status: InstanceStatus | undefined, restartsBefore: number): boolean {
  if (!status || (status.state !== 'running' && status.state !== 'restarting')) return true;
  const attempts = ref.restart.startsWith('on-failure') ? Number(ref.restart.split(':')[1] ?? Infinity) : 0;
  const restarts = status.restarts - restartsBefore;
  return restarts > attempts || (status.state === 'restarting' && attempts === 0);
}

/** The exit code, if the exit has already been seen. */
function known(firstExit: AwaitOptions['firstExit']): Promise<number | undefined> {
  return Promise.race([firstExit, sleep(seenMs, undefined)]);
}

/**
 * The exit code of the next exit, for an instance whose first exit code was lost in a restart: a crash soon repeats.
 */
async function nextExit(
  runtime: Runtime,
  name: string,
  status: InstanceStatus | undefined,
): Promise<number | undefined> {
  if (status?.state !== 'running') return status?.exitCode;
  return runtime.waitForExit(name, AbortSignal.timeout(nextExitMs)).catch(() => undefined);
}

function describeDown(status: InstanceStatus | undefined, exitCode: number | undefined): Unhealthy {
  if (!status) return { message: gone };
  if (status.state === 'paused' || status.state === 'created') return { message: notRunning(status.state), status };
  return { message: `${exited(exitCode)}${ifMeantToEnd(exitCode)}`, status: { ...status, exitCode } };
}

async function probeUntilHealthy(
  runtime: Runtime,
  { name, healthCheck }: InstanceRef,
  options: AwaitOptions,
  signal: AbortSignal,
): Promise<Unhealthy | undefined> {
  if (!healthCheck) return new Promise(() => undefined);
  const deadline = healthyWithinMs(healthCheck);
  const startedAt = monotonicMs();
  const used = () => options.usedMs + monotonicMs() - startedAt;
  let problem: string | undefined;
  let suspectAfterMs = suspiciousMs;
  // An instance that has just exited cannot be probed: the problem of the previous probe stands, and `watchExit`
  // reports the exit.
  for (let delay = firstDelayMs; ; delay = Math.min(delay * growth, healthCheck.intervalMs)) {
    problem = await problemOf(runtime, name, healthCheck, { otherwise: problem });
    if (signal.aborted) return new Promise(() => undefined);
    options.onProbe(problem, used());
    if (problem === undefined) return undefined;
    if (monotonicMs() - startedAt > suspectAfterMs) {
      suspectAfterMs *= 2;
      await runtime.networks?.ensureOwnAddress?.(
        name,
        'port' in healthCheck.probe ? healthCheck.probe.port : undefined,
      );
    }
    if (used() > deadline)
      return {
        message: `is not healthy after ${Math.round(used() / 100) / 10} s`,
        status: await runtime.inspect(name),
      };
    await sleepLong(Math.min(delay, Math.max(1, deadline - used() + 1)), signal).catch(() => undefined);
  }
}

/** Time in ms until an instance must be healthy: the start period, then `retries` intervals. */
export function healthyWithinMs({ startPeriodMs, retries, intervalMs, timeoutMs }: HealthCheck): number {
  return startPeriodMs + Math.max(1, retries) * intervalMs + (retries > 0 ? 0 : timeoutMs);
}
