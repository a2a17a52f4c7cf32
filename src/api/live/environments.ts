import { setTimeout as sleep } from 'node:timers/promises';
import type { DirectClient } from '../../client';
import { BadRequest, EngineUnreachable } from '../../temporal/errors';
import { isPassing } from '../../temporal/temporal-errors';
import type { EnvironmentState, Place } from '../../workflows/messages';
import { problemOf } from '../problems';
import { stateView } from '../routes/environments';
import type { Publisher, Read } from './source';

const pollMs = 200;
/** Each source more waits this much longer, so that many of them do not keep the workers busy. */
const perSourceMs = 10;
/** Instances are inspected on their hosts, which costs more. */
const instancesEveryMs = 3000;
const retryMs = 1000;

/** The state of an environment and the health of its instances, now and after each change. */
export function readEnvironment(client: DirectClient, place: Place, sources: () => number): Read {
  return async (publisher, signal) => {
    await Promise.all([
      readState(client, place, publisher, signal, sources),
      readInstances(client, place, publisher, signal),
    ]);
  };
}

async function readState(
  client: DirectClient,
  place: Place,
  publisher: Publisher,
  signal: AbortSignal,
  sources: () => number,
): Promise<void> {
  while (!signal.aborted) {
    const state = await unlessAway(() => client.environment(place));
    if (state !== away) publisher.present('state', state ? withoutTail(state) : { place, deployed: false });
    await pause(state === away ? retryMs : Math.max(pollMs, perSourceMs * sources()), signal);
  }
}

async function readInstances(
  client: DirectClient,
  place: Place,
  publisher: Publisher,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    publisher.present('instances', await instancesIn(client, place).catch(unknown));
    await pause(instancesEveryMs, signal);
  }
}

async function instancesIn(client: DirectClient, place: Place): Promise<object> {
  const state = await client.environment(place);
  if (state?.current?.release === undefined) return { instances: [], away: [] };
  const { stack } = await client.release(place, state.current.release, state);
  const { found, away: missing } = await client.status(stack);
  return { instances: found, away: missing };
}

/** Instances whose health nobody can tell now are no reason to end the topic: it says why. */
function unknown(error: unknown): object {
  return { problem: problemOf(error).detail };
}

/** The end of the audit trail changes with each record: it is no news of the environment. */
function withoutTail(state: EnvironmentState): object {
  const { audit: _audit, ...view } = stateView(state);
  return view;
}

export const away = Symbol('away');

/** While Temporal, the workers or hosts are away, the last state stays. */
export async function unlessAway<T>(read: () => Promise<T>): Promise<T | typeof away> {
  try {
    return await read();
  } catch (error) {
    if (isPassing(error) || error instanceof EngineUnreachable || error instanceof BadRequest) return away;
    throw error;
  }
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
