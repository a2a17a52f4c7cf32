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
export async function lastExit(connection: DockerConnection, name: string): Promise<number | undefined> {
  const last = (await pastEvents<Death>(connection, 0, deathsOf(name))).at(-1);
  return last && Number(last.Actor.Attributes.exitCode);
}

/** True if an OOM kill in a container is among the events of the last ten minutes. */
export async function ranOutOfMemory(connection: DockerConnection, name: string): Promise<boolean> {
  const filters = { type: ['container' as const], container: [name], event: ['oom'] };
  return (await pastEvents(connection, Math.ceil(Date.now() / 1000) - recentSeconds, filters)).length > 0;
}

/**
 * Whether a container that has exited did so by itself: nobody sent it a signal, and the engine has not been restarted
 * since. Undefined if its exit is no longer among the engine's last 256 events.
 */
export async function endedByItself(connection: DockerConnection, id: string): Promise<boolean | undefined> {
  const filters = { type: ['container' as const], container: [id], event: ['start', 'kill', 'stop', 'die'] };
  const actions = (await pastEvents<{ Action: string }>(connection, 0, filters)).map(({ Action }) => Action);
  const sinceStart = actions.slice(actions.lastIndexOf('start') + 1);
  if (sinceStart.includes('kill') || sinceStart.includes('stop')) return false;
  if (sinceStart.includes('die')) return true;
  return (await startedAgainSince(connection, id)) ? false : undefined;
}

/** Whether the engine, which makes its default network anew when it starts, has started since a container's exit. */
async function startedAgainSince({ docker: engine }: DockerConnection, id: string): Promise<boolean> {
  const [{ State }, networks] = await docker(() =>
    Promise.all([engine.getContainer(id).inspect(), engine.listNetworks({ filters: { name: ['bridge'] } })]),
  );
  const created = networks.find(({ Name }) => Name === 'bridge')?.Created;
  return created !== undefined && Date.parse(created) > Date.parse(State.FinishedAt);
}

/** Events of the past that the engine still has. */
async function pastEvents<T>(
  { docker: engine }: DockerConnection,
  since: number,
  filters: Record<string, string[]>,
): Promise<T[]> {
  const until = Math.ceil(Date.now() / 1000);
  const found: T[] = [];
  await docker(async () => {
    const events = (await engine.getEvents({ since, until, filters })) as Readable;
    await eachJsonLine<T>(events, (event) => found.push(event), {
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
