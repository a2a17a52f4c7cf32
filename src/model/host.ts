import type { RuntimeName } from './runtimes';
import type { ResourceAmounts } from './instance';

/** The words about a host that deployments of several stacks share. */

export interface HostPlace {
  runtime: RuntimeName;
  /** Absent for the one that workers find by themselves. */
  name?: string;
}

/** What of a host a deployment is about to take, before anybody can see it there. */
export interface Claim {
  /** `20000/tcp`. */
  ports: string[];
  reserve: ResourceAmounts;
}

/** A claim, with whose it is. */
export type Claimed = Claim & { by: string };

/** `round`: of those of one deployment the last one counts. */
export interface HostClaim extends Claimed {
  workflowId: string;
  round: number;
  /** When it had looked at what the host has, in ms since the epoch. */
  seenAt: number;
}

/** How a deployment fared with a host. */
export interface HostReport {
  workflowId: string;
  /** What it had claimed it has; else it has given all up. */
  kept: boolean;
  /** What its engine did not do, all the time that a deployment waits for a platform; absent where all went well. */
  trouble?: string;
  breaker: { threshold: number; recoveryMs: number };
}

/** Deployments in a row that have failed by a host. */
export interface HostBreaker {
  threshold: number;
  recoveryMs: number;
  failures: number;
  trouble: string;
  /** Open from then on, until the recovery time is over; in ms since the epoch. */
  openedAt?: number;
}

/**
 * True for a Docker Engine at `tcp://` that is reached without TLS over a network: whoever gets between, or just asks
 * it, is root there.
 */
export function isUnprotected(url: string, hasTls: boolean): boolean {
  const host = /^tcp:\/\/(\[[^\]]*\]|[^:/]*)/.exec(url)?.[1];
  return host !== undefined && !hasTls && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);
}
