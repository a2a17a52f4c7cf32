import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { DockerConnection } from './connection';
import { docker } from './errors';

interface Death {
  Actor: { Attributes: { exitCode: string } };
}

const deathsOf = (name: string) => ({ type: ['container' as const], container: [name], event: ['die'] });

/**
 * The exit code of a container's next exit, as Docker announces it; ask before it starts. Waiting for the exit is not enough: Docker
 * 20.10 reads the code after it has woken who waits, which gives 0 where the container has been started again in between.
 */
export async function nextExit({ docker: engine }: DockerConnection, name: string, signal: AbortSignal): Promise<number | undefined> {
  const stream = (await engine.getEvents({ filters: deathsOf(name) })) as Readable;
  const end = () => void stream.destroy();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    for await (const line of createInterface({ input: stream })) return codeOf(line);
    return undefined;
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

/**
 * The code of a container's last exit, by the engine's own record of events, which holds the latest 256;
 * nothing where it is not among them. A container that has been started again has forgotten the code itself.
 */
export async function lastExit({ docker: engine }: DockerConnection, name: string): Promise<number | undefined> {
  const now = Math.ceil(Date.now() / 1000);
  const deaths = await docker(async () => text(await engine.getEvents({ since: 0, until: now, filters: deathsOf(name) })));
  const last = deaths.trim().split('\n').at(-1);
  return last ? codeOf(last) : undefined;
}

function codeOf(line: string): number {
  return Number((JSON.parse(line) as Death).Actor.Attributes.exitCode);
}
