import { text } from 'node:stream/consumers';
import type { DockerConnection } from './connection';
import { docker } from './errors';

/**
 * The code of a container's last exit, by the engine's own record of events, which holds the latest 256;
 * nothing where it is not among them. A container that has been started again has forgotten the code itself.
 */
export async function lastExit({ docker: engine }: DockerConnection, name: string): Promise<number | undefined> {
  const now = Math.ceil(Date.now() / 1000);
  const stream = await docker(() => engine.getEvents({ since: 0, until: now, filters: { type: ['container'], container: [name], event: ['die'] } }));
  const last = (await text(stream)).trim().split('\n').at(-1);
  return last ? Number((JSON.parse(last) as { Actor: { Attributes: { exitCode: string } } }).Actor.Attributes.exitCode) : undefined;
}
