import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { monotonicMs } from '../../guard/monotonic';
import { onlyThroughServer } from '../../model/access';
import type { Stack } from '../../model/stack';
import { isPlain } from '../../temporal/connection';
import { BadRequest } from '../../temporal/errors';
import type { EnvironmentState, Place } from '../../workflows/messages';

/** Requests to environments that take them only from a server. A signal has no answer, so the state is read. */

const firstLookMs = 20;
const longestLookMs = 400;
const takenWithinMs = 15_000;
const graceMs = 1500;

/** @throws BadRequest if the environment takes requests of servers only, and this client is none */
export function requireServer(place: Place, state: EnvironmentState | undefined, isServer: boolean): void {
  if (state?.statements && !isServer) throw new BadRequest(onlyThroughServer(place));
}

/** @throws BadRequest if a stack asks for TLS, and the connection to Temporal leaves this machine without it */
export function requireTls({ security }: Stack, temporal: Client): void {
  if (security?.tls && isPlain(temporal))
    throw new BadRequest(
      'security.tls_enabled: the connection to Temporal has no TLS; set TEMPORAL_TLS and its certificates, or use a ' +
        'profile that has it',
    );
}

/**
 * Waits until a protected environment has taken a request, which a worker judges first.
 * @throws BadRequest if it does not; with the reason, if it says one
 */
export async function untilTaken(
  place: Place,
  before: EnvironmentState,
  read: () => Promise<EnvironmentState | undefined>,
  isTaken: () => Promise<boolean>,
): Promise<void> {
  let deadline = monotonicMs() + takenWithinMs;
  let reason: string | undefined;
  for (let lookMs = firstLookMs; !(await isTaken()); lookMs = Math.min(lookMs * 2, longestLookMs)) {
    const { refused } = (await read()) ?? {};
    if (reason === undefined && refused && refused.count > (before.refused?.count ?? 0)) {
      // It may have been the request of somebody else, a moment before this one.
      reason = refused.why;
      deadline = Math.min(deadline, monotonicMs() + graceMs);
    }
    if (monotonicMs() > deadline) throw new BadRequest(reason ?? notTaken(place));
    await sleep(lookMs);
  }
}

function notTaken({ stack, environment }: Place): string {
  return `${stack}/${environment} did not take the request within ${takenWithinMs / 1000} s; see the log of the worker`;
}
