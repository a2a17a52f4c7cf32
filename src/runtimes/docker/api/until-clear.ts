import { setTimeout as sleep } from 'node:timers/promises';
import { RuntimeError, type Runtime } from '../../runtime';
import type { DockerConnection } from './connection';
import { docker } from './errors';

/** Between tries: trouble of the engine's own that is over within 15 s does no harm. */
const pausesMs = [1000, 2000, 4000, 8000];
const pingMs = 5000;

type Call = (...input: unknown[]) => Promise<unknown>;

/** Calls that change something, and may be repeated. Calls that only read or run a command are made once. */
const changing = ['create', 'start', 'retire', 'revive', 'remove', 'putSecrets'] as const;
const changingParts = {
  images: ['ensure', 'hold', 'drop'],
  networks: ['create', 'remove', 'attach'],
  volumes: ['create', 'remove'],
} as const satisfies { [Part in keyof Runtime]?: readonly (keyof NonNullable<Runtime[Part]>)[] };

/** The same runtime, whose changes are retried while they fail with an unknown error. */
export function clearly(connection: DockerConnection, runtime: Runtime): Runtime {
  const isWell = async () =>
    docker(() => connection.docker.ping() as Promise<unknown>, pingMs).then(
      () => true,
      () => false,
    );
  const wrapped = <T extends object>(part: T, names: readonly (keyof T)[]): T => {
    const calls = names.map((name) => {
      const call = part[name] as Call;
      return [name, (...input: unknown[]) => untilClear(() => call(...input), isWell, input.find(isSignal))];
    });
    return { ...part, ...(Object.fromEntries(calls) as Partial<T>) };
  };
  const { images, networks, volumes } = runtime;
  return {
    ...wrapped(runtime, changing),
    ...(images && { images: wrapped(images, changingParts.images) }),
    ...(networks && { networks: wrapped(networks, changingParts.networks) }),
    ...(volumes && { volumes: wrapped(volumes, changingParts.volumes) }),
  };
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
