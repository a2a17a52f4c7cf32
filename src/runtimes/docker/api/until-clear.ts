import { setTimeout as sleep } from 'node:timers/promises';
import { RuntimeError, type Runtime } from '../../runtime';
import { wrapCalls } from '../../wrap-calls';
import type { DockerConnection } from './connection';
import { docker } from './errors';

/** Pauses between attempts: problems of the engine that end within 15 s do no harm. */
const pausesMs = [1000, 2000, 4000, 8000];
const pingMs = 5000;

/** Calls that change something, and may be repeated. Calls that only read or run a command are made once. */
const changing = ['create', 'start', 'retire', 'revive', 'remove', 'putSecrets'] as const;
const changingParts = {
  images: ['ensure', 'hold', 'drop'],
  networks: ['create', 'remove', 'attach'],
  volumes: ['create', 'remove'],
} as const satisfies { [Part in keyof Runtime]?: readonly (keyof NonNullable<Runtime[Part]>)[] };

/** The same runtime, whose changes are retried while they fail with an unknown error. */
export function clearly(connection: DockerConnection, runtime: Runtime): Runtime {
  const isHealthy = async () =>
    docker(() => connection.docker.ping() as Promise<unknown>, pingMs).then(
      () => true,
      () => false,
    );
  const wrapped = <T extends object>(part: T, names: readonly (keyof T)[]): T =>
    wrapCalls(part, names, (call, _, input) => untilClear(call, isHealthy, input.find(isSignal)));
  const { images, networks, volumes } = runtime;
  return {
    ...wrapped(runtime, changing),
    ...(images && { images: wrapped(images, changingParts.images) }),
    ...(networks && { networks: wrapped(networks, changingParts.networks) }),
    ...(volumes && { volumes: wrapped(volumes, changingParts.volumes) }),
  };
}

/**
 * Retries a call that fails with an unknown error text. If the engine is healthy and the same error occurs five times,
 * it is final. Other errors, and texts that differ each time, are thrown at once.
 */
export async function untilClear<T>(
  call: () => Promise<T>,
  isHealthy: () => Promise<boolean>,
  signal?: AbortSignal,
  pauses: readonly number[] = pausesMs,
): Promise<T> {
  let previous: RuntimeError | undefined;
  for (let attempts = 1; ; attempts++) {
    try {
      return await call();
    } catch (error) {
      if (!isUnclear(error) || (previous && !isSame(previous, error)) || signal?.aborted || !(await isHealthy()))
        throw error;
      if (attempts > pauses.length)
        throw new RuntimeError('software', `${error.message} (the same error in each of ${attempts} attempts)`, {
          cause: error,
        });
      previous = error;
      await sleep(pauses[attempts - 1], undefined, { signal }).catch(() => undefined);
    }
  }
}

function isUnclear(error: unknown): error is RuntimeError {
  return error instanceof RuntimeError && error.reason === 'unclear';
}

/** Compares messages without ids and numbers, which are new in every attempt. */
function isSame(one: RuntimeError, other: RuntimeError): boolean {
  const stable = ({ message }: RuntimeError) => message.replace(/[0-9a-f]{8,}/gi, '#').replace(/\d+/g, '#');
  return stable(one) === stable(other);
}

function isSignal(value: unknown): value is AbortSignal {
  return value instanceof AbortSignal;
}
