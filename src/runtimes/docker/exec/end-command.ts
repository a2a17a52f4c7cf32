import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../../guard/monotonic';
import { killMarked } from '../../marked-processes';
import type { DockerConnection } from '../api/connection';

const variable = 'DEPLOY_CODE_COMMAND';
const lookMs = 50;
const goneWithinMs = 2000;
/** Kills whatever carries the mark, as a shell in the container finds it. */
const script = 'for p in /proc/[0-9]*; do if grep -qs "$0" "$p/environ"; then kill -9 "${p#/proc/}"; fi; done';

/** What a command, and every process that it starts, carries in its environment. */
export function markOf(mark: string): string {
  return `${variable}=${mark}`;
}

/**
 * Kills a command and what it has started: on this machine where the engine is here, else by a shell in the container.
 * Resolves with whether it is over; an image without a shell on another machine cannot be helped.
 */
export async function endCommand(
  connection: DockerConnection,
  id: string,
  mark: string,
  isOver: () => Promise<boolean>,
): Promise<boolean> {
  const killed = connection.local ? await killMarked(markOf(mark)) : 0;
  if (killed === 0) await killInside(connection, id, markOf(mark)).catch(() => undefined);
  for (const deadline = monotonicMs() + goneWithinMs; ; await sleep(lookMs)) {
    if (await isOver().catch(() => false)) return true;
    if (monotonicMs() > deadline) return false;
  }
}

async function killInside({ docker: engine }: DockerConnection, id: string, mark: string): Promise<void> {
  const run = await engine.getContainer(id).exec({ Cmd: ['/bin/sh', '-c', script, mark] });
  const answer = await run.start({ Detach: true });
  answer.resume();
}
