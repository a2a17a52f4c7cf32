import type { Data } from '../canonical/values';
import { containerOfMode } from '../../../model/instance';
import { isJoined, joinedBy } from '../implied';
import { extensionKey } from '../loading';
import { isDisabled } from './health-check';
import type { Part } from './part';
import { dataOf, listOf } from './values';

const at = (key: string) => ['deploy', 'update_config', key];

/**
 * What `update_config` becomes. Compose itself does without it; start-first makes a rolling strategy where old and new
 * instances can run side by side, and stop-first is what `recreate` does.
 */
export function toStrategy(part: Part): Data {
  const { service, notes } = part;
  const update = dataOf(dataOf(service.deploy).update_config);
  const { order, parallelism = 1, failure_action: action } = update;
  if (update.max_failure_ratio !== undefined)
    notes.ignore(at('max_failure_ratio'), 'has no counterpart: one failure rolls back');
  if (action === 'pause') notes.ignore(at('failure_action'), 'pause has no counterpart: a failure rolls back');
  const onFailure = action === 'continue' ? { on_failure: 'continue' } : {};
  const alone = whyAlone(part);
  if (order !== 'start-first' || alone !== undefined) {
    if (order === 'start-first') notes.ignore(at('order'), `is stop-first here, because ${alone}`);
    for (const key of ['parallelism', 'delay', 'monitor'])
      if (update[key] !== undefined) notes.ignore(at(key), 'has no effect: it is for order: start-first');
    return onFailure;
  }
  const pause = update.monitor ?? update.delay;
  return {
    strategy: {
      rolling: { max_surge: Number(parallelism) || 1, ...(pause !== undefined && { min_healthy_time: pause }) },
    },
    ...onFailure,
  };
}

/** Why old and new instances cannot run side by side; undefined if they can. */
function whyAlone({ name, service, relations }: Part): string | undefined {
  if (!hasCheck(service)) return 'the service has no healthcheck, which tells when a new instance can take over';
  const port = listOf(service.ports).find(({ published }) => /^[1-9]\d*$/.test(String(published)));
  if (port) return `only one instance can have the host port ${String(port.published)}`;
  const mount = relations.mounts[name]!.find(({ type, read_only: readOnly }) => type === 'volume' && readOnly !== true);
  if (mount) return `old and new instances would write to the volume at ${String(mount.target)} at once`;
  const joinsOutside = [service.network_mode, service.ipc, service.pid].some(
    (mode) => typeof mode === 'string' && containerOfMode(mode) !== undefined,
  );
  return joinsOutside || isJoined(name, relations.project.services) || joinedBy(service).length > 0
    ? 'it shares a namespace with another service'
    : undefined;
}

/** Whether the file has a health check of the service, in Compose's words or in ours. */
function hasCheck({ healthcheck, [extensionKey]: own }: Data): boolean {
  return (healthcheck !== undefined && !isDisabled(dataOf(healthcheck))) || dataOf(own).health_check !== undefined;
}
