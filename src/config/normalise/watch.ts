import type { WatchSettings } from '../../model/watch';
import type { StackFile } from '../schema/stack-file';
import { toMs } from '../schema/values';

/** Settings of the watch; undefined if it is disabled. */
export function toWatch({
  enabled = true,
  interval = '30s',
  on_unhealthy: onUnhealthy = 'restart',
  on_drift: onDrift = 'report',
}: StackFile['watch'] = {}): WatchSettings | undefined {
  return enabled ? { everyMs: toMs(interval), onUnhealthy, onDrift } : undefined;
}
