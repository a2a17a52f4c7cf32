import { setTimeout as sleep } from 'node:timers/promises';
import { RuntimeError, type Runtime } from '../../runtime';
import type { DockerConnection } from './connection';
import { docker } from './errors';

/** Pauses between attempts: problems of the engine that end within 15 s do no harm. */
const pausesMs = [1000, 2000, 4000, 8000];
const pingMs = 5000;

type Call = (...input: never[]) => Promise<unknown>;

/** Idempotent calls with effects. Reads and commands are tried once. */
const retried = [
  'ensureImage',
  'holdImage',
  'dropImage',
  'createNetwork',
  'removeNetwork',
  'createVolume',
  'removeVolume',
  'create',
  'start',
  'retire',
  'revive',
  'remove',
  'attach',
  'putSecrets',
] as const satisfies readonly (keyof Runtime)[];

/** Wraps a runtime so that its changes are retried after unclear failures. */
export function clearly(connection: DockerConnection, runtime: Runtime): Runtime {
  const isHealthy = async () =>
    docker(() => connection.docker.ping() as Promise<unknown>, pingMs).then(
      () => true,
      () => false,
    );
  const wrapped = retried.map((name) => {
    const call = runtime[name] as Call;
    return [
      name,
      (...input: never[]) => untilClear(() => call(...input), isHealthy, (input as unknown[]).find(isSignal)),
    ];
  });
  return { ...runtime, ...(Object.fromEntries(wrapped) as Partial<Runtime>) };
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
