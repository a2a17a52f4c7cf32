import type { InstanceState } from './observation';

/** One instance, looked at closely. */
export interface InstanceStatus {
  state: InstanceState;
  hash: string;
  exitCode?: number;
  outOfMemory: boolean;
  /** How often the runtime has restarted it by its policy. */
  restarts: number;
  startedAt?: number;
  health?: 'starting' | 'healthy' | 'unhealthy';
  /** The check that its image brings along, where that is in force. */
  ownCheck?: { intervalMs: number; problem?: string };
}

/** What a failure shows: everything a person needs to see why, bounded and without secrets. */
export interface Evidence {
  exitCode?: number;
  outOfMemory?: boolean;
  lastProbeError?: string;
  /** The last log lines, at most 50. */
  logs: string[];
  /** Lines that the instance has logged, as far as they were read. */
  logLines?: number;
}

/** One instance as `status` shows it. */
export interface InstanceLine {
  service: string;
  ordinal: number;
  name: string;
  state: string;
  health: string;
  image: string;
  /** By its runtime and by the engine's watch, as far as both are known. */
  restarts: number;
  /** Memory has run out of it lately. */
  outOfMemory?: boolean;
  ports: string[];
  release: number;
  /** Where the stack names hosts. */
  host?: string;
}

/** Completes a sentence about an instance that has ended. */
export function exited(exitCode: number | undefined): string {
  return exitCode === undefined ? 'exited (the exit code is not known)' : `exited ${exitCode}`;
}

/** Completes a sentence about an instance that neither runs nor has ended. */
export function notRunning(state: InstanceState): string {
  return state === 'created' ? 'was made and not started' : `is ${state}`;
}

/** Signals that end programs by themselves or by the kernel, by the exit codes that stand for them. */
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

/** ` (exit code 139, SIGSEGV)`; empty where it is not known. */
export function code(exitCode: number | undefined): string {
  if (exitCode === undefined) return '';
  const signal = signals[exitCode];
  return ` (exit code ${exitCode}${signal ? `, ${signal}` : ''})`;
}

/** Completes a sentence about an instance that is not there. */
export const gone = 'is gone: something else removed it';

export const crashLoop = 'crash loop';
const leastRestarts = 2;
const soonMs = 120_000;

/** True for an instance that its runtime restarts again and again: what runs for a moment in between is not healthy. */
export function isInCrashLoop(
  { state, restarts, startedAt }: Pick<InstanceStatus, 'state' | 'restarts' | 'startedAt'>,
  now: number,
): boolean {
  return state === 'restarting' || (restarts >= leastRestarts && startedAt !== undefined && now - startedAt < soonMs);
}
