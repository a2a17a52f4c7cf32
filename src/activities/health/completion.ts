import type { InstanceRef } from '../../model/instance';
import { hasCompleted, type InstanceStatus } from '../../model/instance-status';
import type { Runtime } from '../../runtimes/runtime';

/**
 * Whether an instance that may end has completed, and was not stopped by somebody else. `ifUnknown`: the answer if the
 * platform does not know any more what ended it.
 */
export async function completedByItself(
  runtime: Runtime,
  instance: Pick<InstanceRef, 'name' | 'mayComplete'>,
  status: Pick<InstanceStatus, 'state' | 'exitCode'> | undefined,
  ifUnknown: boolean,
): Promise<boolean> {
  if (!hasCompleted(instance, status)) return false;
  return (await runtime.endedByItself?.(instance.name)) ?? ifUnknown;
}
