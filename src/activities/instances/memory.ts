import { setTimeout as sleep } from 'node:timers/promises';
import type { Evidence, InstanceStatus } from '../../model/instance-status';
import type { Runtime } from '../../runtimes/runtime';

/** Exit code of what a signal has killed. */
export const killed = 137;
/** The platform may tell of the kill a moment after the exit. */
const lateMs = 300;

/**
 * True where the runtime says that memory ran out of an instance: by its last state, or by what it has recorded lately.
 * A restart makes the state forget it, and of a child that was killed it never knew.
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

/** What happened, and that memory ran out where that is known. */
export function withMemory(message: string, { outOfMemory }: Pick<Evidence, 'outOfMemory'>): string {
  return outOfMemory && !message.endsWith('out of memory') ? `${message}, out of memory` : message;
}
