import type { RuntimeName } from './runtimes';
import type { ResourceAmounts } from './instance';

/** Types for a host shared by deployments of several stacks. */

export interface HostPlace {
  runtime: RuntimeName;
  /** Absent for the default host that workers discover. */
  name?: string;
}

/** Ports and resources that a deployment is about to use on a host, before an observation can show them. */
export interface Claim {
  /** `20000/tcp`. */
  ports: string[];
  reserve: ResourceAmounts;
}

/** A claim with its owner. */
export type Claimed = Claim & { by: string };

/** `round`: of several claims by one deployment, the last one counts. */
export interface HostClaim extends Claimed {
  workflowId: string;
  round: number;
  /** When the deployment observed the host, in ms since the epoch. */
  seenAt: number;
}

/** A deployment's experience with a host. */
export interface HostReport {
  workflowId: string;
  /** True: the claimed resources are in use now; false: the claim is released. */
  kept: boolean;
  /** The failure of the host's engine that outlasted the platform timeout; absent if there was none. */
  trouble?: string;
  breaker: { threshold: number; recoveryMs: number };
}

/** The circuit breaker of a host: consecutive deployments that failed because of it. */
export interface HostBreaker {
  threshold: number;
  recoveryMs: number;
  failures: number;
  trouble: string;
  /** When it opened, in ms since the epoch; it stays open for `recoveryMs`. */
  openedAt?: number;
}

/**
 * True for a Docker Engine reached over a network at `tcp://` without TLS: anybody on that network can become root on
 * its host.
 */
export function isUnprotected(url: string, hasTls: boolean): boolean {
  const host = /^tcp:\/\/(\[[^\]]*\]|[^:/]*)/.exec(url)?.[1];
  return host !== undefined && !hasTls && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);
}
