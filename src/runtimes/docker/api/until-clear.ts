import { setTimeout as sleep } from 'node:timers/promises';
import { RuntimeError, type Runtime } from '../../runtime';
import type { DockerConnection } from './connection';
import { docker } from './errors';

/** Between tries: trouble of the engine's own that is over within 15 s does no harm. */
const pausesMs = [1000, 2000, 4000, 8000];
const pingMs = 5000;

type Acting = (...input: never[]) => Promise<unknown>;

/** Calls that change something, and may be made twice. What only reads, or runs a command, is asked once. */
const acting = [
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

/** The same runtime, whose changes do not fail unclearly for long. */
export function clearly(connection: DockerConnection, runtime: Runtime): Runtime {
  const isWell = async () =>
    docker(() => connection.docker.ping() as Promise<unknown>, pingMs).then(
      () => true,
      () => false,
    );
  const clear = acting.map((name) => {
    const call = runtime[name] as Acting;
    return [name, (...input: never[]) => untilClear(() => call(...input), isWell, (input as unknown[]).find(isSignal))];
  });
  return { ...runtime, ...(Object.fromEntries(clear) as Partial<Runtime>) };
}

/**
 * Tries a call again that fails with a text that nobody knows. An engine that is well and says the same five times
 * means it: then the failure is definite. Everything else is thrown as it comes, also trouble that has another text
 * each time.
 */
export async function untilClear<T>(
  call: () => Promise<T>,
  isWell: () => Promise<boolean>,
  signal?: AbortSignal,
  pauses: readonly number[] = pausesMs,
): Promise<T> {
  let before: RuntimeError | undefined;
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (!isUnclear(error) || (before && !isSame(before, error)) || signal?.aborted || !(await isWell())) throw error;
      if (tries > pauses.length)
        throw new RuntimeError('software', `${error.message} (so it says each of ${tries} times)`, { cause: error });
      before = error;
      await sleep(pauses[tries - 1], undefined, { signal }).catch(() => undefined);
    }
  }
}

function isUnclear(error: unknown): error is RuntimeError {
  return error instanceof RuntimeError && error.reason === 'unclear';
}

/** But for what is new at every try: ids, and the names that Docker derives from them. */
function isSame(one: RuntimeError, other: RuntimeError): boolean {
  const stable = ({ message }: RuntimeError) => message.replace(/[0-9a-f]{8,}/gi, '#').replace(/\d+/g, '#');
  return stable(one) === stable(other);
}

function isSignal(value: unknown): value is AbortSignal {
  return value instanceof AbortSignal;
}
