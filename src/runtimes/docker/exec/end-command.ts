import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../../guard/monotonic';
import { killMarked } from '../../marked-processes';
import type { DockerConnection } from '../api/connection';

const variable = 'DEPLOY_CODE_COMMAND';
const pollMs = 50;
/** A busy host takes long to look through its processes. */
const goneWithinMs = 10_000;
/** Kills all processes with the mark, by a shell in the container. */
const script = 'for p in /proc/[0-9]*; do if grep -qs "$0" "$p/environ"; then kill -9 "${p#/proc/}"; fi; done';

/** Environment variable of a command and of every process that it starts. */
export function markOf(mark: string): string {
  return `${variable}=${mark}`;
}

/**
 * Kills a command and its child processes: directly if the engine is local, else by a shell in the container. Resolves
 * with whether it has ended; on a remote engine, an image without a shell prevents it.
 */
export async function endCommand(
  connection: DockerConnection,
  id: string,
  mark: string,
  isOver: () => Promise<boolean>,
): Promise<boolean> {
  const killed = connection.local ? await killMarked(markOf(mark)) : 0;
  if (killed === 0) await killInside(connection, id, markOf(mark)).catch(() => undefined);
  for (const deadline = monotonicMs() + goneWithinMs; ; await sleep(pollMs)) {
    if (await isOver().catch(() => false)) return true;
    if (monotonicMs() > deadline) return false;
  }
}

async function killInside({ docker: engine }: DockerConnection, id: string, mark: string): Promise<void> {
  const run = await engine.getContainer(id).exec({ Cmd: ['/bin/sh', '-c', script, mark] });
  const answer = await run.start({ Detach: true });
  answer.resume();
}
