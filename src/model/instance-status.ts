import type { InstanceState } from './observation';

/** The detailed status of one instance. */
export interface InstanceStatus {
  state: InstanceState;
  hash: string;
  exitCode?: number;
  outOfMemory: boolean;
  /** Restarts by the runtime under the restart policy. */
  restarts: number;
  startedAt?: number;
  health?: 'starting' | 'healthy' | 'unhealthy';
  /** The image's own HEALTHCHECK, if it is in force. */
  ownCheck?: { intervalMs: number; problem?: string };
}

/** Evidence of a failure for the person who diagnoses it; bounded, and without secrets. */
export interface Evidence {
  exitCode?: number;
  outOfMemory?: boolean;
  lastProbeError?: string;
  /** The last log lines, at most 50. */
  logs: string[];
  /** Number of log lines read. */
  logLines?: number;
}

/** Whether an instance that may end has ended without an error. */
export function hasCompleted(
  { mayComplete }: { mayComplete?: true },
  status: Pick<InstanceStatus, 'state' | 'exitCode'> | undefined,
): boolean {
  return mayComplete === true && status?.state === 'exited' && status.exitCode === 0;
}

/** One instance as `status` shows it. */
export interface InstanceLine {
  service: string;
  ordinal: number;
  name: string;
  state: string;
  health: string;
  image: string;
  /** Restarts by the runtime and by the engine's watch, as far as known. */
  restarts: number;
  /** It ran out of memory recently. */
  outOfMemory?: boolean;
  ports: string[];
  release: number;
  /** Set if the stack names hosts. */
  host?: string;
  /** Its fingerprint, if it ended with exit code 0 and may: whether by itself, its environment knows. */
  endedAs?: string;
}

/** The line of an instance, as completed if its environment remembers that. `jobs`: last completed runs. */
export function withCompletion(
  { endedAs, ...line }: InstanceLine,
  jobs: Readonly<Record<string, string>> = {},
): InstanceLine {
  return endedAs !== undefined && jobs[line.service] === endedAs ? { ...line, health: 'completed' } : line;
}

/** Completes a sentence about an instance that has ended. */
export function exited(exitCode: number | undefined): string {
  return exitCode === undefined ? 'exited (exit code unknown)' : `exited ${exitCode}`;
}

/** What may be meant by a service that ends without an error; follows {@link exited}. Empty for any other exit. */
export function ifMeantToEnd(exitCode: number | undefined): string {
  return exitCode === 0
    ? ' (a service has to keep running; if this one is meant to end, make it a job: `kind: job`, ' +
        'in a Compose file below `x-deploy-code`)'
    : '';
}

/** Completes a sentence about an instance that neither runs nor has ended. */
export function notRunning(state: InstanceState): string {
  return state === 'created' ? 'was created but not started' : `is ${state}`;
}

/** Signals by exit code (128 + signal number). */
const signals: Record<number, string> = {
  129: 'SIGHUP',
  130: 'SIGINT',
  131: 'SIGQUIT',
  132: 'SIGILL',
  134: 'SIGABRT',
  135: 'SIGBUS',
  136: 'SIGFPE',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  141: 'SIGPIPE',
  143: 'SIGTERM',
};

/** ` (exit code 139, SIGSEGV)`; empty if unknown. */
export function code(exitCode: number | undefined): string {
  if (exitCode === undefined) return '';
  const signal = signals[exitCode];
  return ` (exit code ${exitCode}${signal ? `, ${signal}` : ''})`;
}

/** Completes a sentence about a missing instance. */
export const gone = 'is gone: something else removed it';

export const crashLoop = 'crash loop';
const leastRestarts = 2;
const soonMs = 120_000;

/** True for an instance that its runtime keeps restarting: running for a moment in between is not healthy. */
export function isInCrashLoop(
  { state, restarts, startedAt }: Pick<InstanceStatus, 'state' | 'restarts' | 'startedAt'>,
  now: number,
): boolean {
  return state === 'restarting' || (restarts >= leastRestarts && startedAt !== undefined && now - startedAt < soonMs);
}
