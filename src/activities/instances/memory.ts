import { setTimeout as sleep } from 'node:timers/promises';
import type { Evidence, InstanceStatus } from '../../model/instance-status';
import type { Runtime } from '../../runtimes/runtime';

/** Exit code of a process that SIGKILL ended. */
export const killed = 137;
/** The platform may report an OOM kill a moment after the exit. */
const lateMs = 300;

/**
 * True if the runtime reports an OOM kill: in the last state, or in its recent events. A restart clears the state, and
 * it never includes killed child processes.
 */
export async function ranOutOfMemory(
  runtime: Runtime,
  name: string,
  status: Pick<InstanceStatus, 'outOfMemory' | 'exitCode'> | undefined,
): Promise<boolean> {
  if (status?.outOfMemory) return true;
  const recorded = () => runtime.ranOutOfMemory?.(name).catch(() => false) ?? false;
  if (await recorded()) return true;
  if (status?.exitCode !== killed || !runtime.ranOutOfMemory) return false;
  await sleep(lateMs);
  return recorded();
}

/** The message, with `out of memory` added if that was the cause. */
export function withMemory(message: string, { outOfMemory }: Pick<Evidence, 'outOfMemory'>): string {
  return outOfMemory && !message.endsWith('out of memory') ? `${message}, out of memory` : message;
}
