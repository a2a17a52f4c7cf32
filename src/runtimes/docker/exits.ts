import type { Readable } from 'node:stream';
import type { DockerConnection } from './api/connection';
import { RuntimeError } from '../runtime';
import { docker } from './api/errors';
import { eachJsonLine } from './api/json-lines';

interface Death {
  Actor: { Attributes: { exitCode: string } };
}

const longestEvents = 1024 * 1024;
const eventsMs = 30_000;
/** Period of recent events, in seconds. */
const recentSeconds = 600;

const deathsOf = (name: string) => ({ type: ['container' as const], container: [name], event: ['die'] });

/**
 * The exit code of a container's next exit, from Docker's events; call it before the start. Waiting for the exit is not
 * enough: Docker 20.10 reads the code after it has notified waiters, and reports 0 if the container was restarted
 * meanwhile.
 */
export async function nextExit(
  { docker: engine }: DockerConnection,
  name: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const stream = (await engine.getEvents({ filters: deathsOf(name) })) as Readable;
  const end = () => void stream.destroy();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    return await firstCode(stream);
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

async function firstCode(stream: Readable): Promise<number | undefined> {
  let text = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.includes('\n')) return codeOf(text.slice(0, text.indexOf('\n')));
    if (text.length > longestEvents)
      throw new RuntimeError('platform', 'the Docker Engine sent an event that does not end');
  }
  return undefined;
}

/**
 * The exit code of a container's last exit, from the engine's last 256 events; undefined if it is not among them. A
 * restarted container itself no longer has the code.
 */
export async function lastExit({ docker: engine }: DockerConnection, name: string): Promise<number | undefined> {
  const now = Math.ceil(Date.now() / 1000);
  let last: Death | undefined;
  await docker(async () => {
    const events = (await engine.getEvents({ since: 0, until: now, filters: deathsOf(name) })) as Readable;
    await eachJsonLine<Death>(events, (death) => (last = death), {
      silenceMs: eventsMs,
      totalMs: eventsMs,
      longestLine: longestEvents,
    });
  });
  return last && Number(last.Actor.Attributes.exitCode);
}

/** True if an OOM kill in a container is among the events of the last ten minutes. */
export async function ranOutOfMemory({ docker: engine }: DockerConnection, name: string): Promise<boolean> {
  const now = Math.ceil(Date.now() / 1000);
  const filters = { type: ['container' as const], container: [name], event: ['oom'] };
  let found = false;
  await docker(async () => {
    const events = (await engine.getEvents({ since: now - recentSeconds, until: now, filters })) as Readable;
    await eachJsonLine<unknown>(events, () => (found = true), {
      silenceMs: eventsMs,
      totalMs: eventsMs,
      longestLine: longestEvents,
    });
  });
  return found;
}

function codeOf(line: string): number {
  return Number((JSON.parse(line) as Death).Actor.Attributes.exitCode);
}
