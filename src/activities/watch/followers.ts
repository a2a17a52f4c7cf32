import { hasSuccessor, isUp, type ObservedInstance } from '../../model/observation';
import type { Stack } from '../../model/stack';

/**
 * The instances to restart after another one, by phase: those that join its namespaces, those of services that restart
 * with its service, and those that follow them in turn. An instance that ended for good stays down.
 */
export function followersOf(
  restarted: ObservedInstance,
  instances: readonly ObservedInstance[],
  stack: Stack | undefined,
): ObservedInstance[] {
  const others = instances.filter(
    (each) => each.kind === 'service' && each !== restarted && isWanted(each) && !hasSuccessor(each, instances),
  );
  const found = new Set([restarted]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const each of others) if ([...found].some((leader) => follows(each, leader, stack))) found.add(each);
  }
  found.delete(restarted);
  return [...found].sort((a, b) => a.phase - b.phase);
}

function follows(each: ObservedInstance, leader: ObservedInstance, stack: Stack | undefined): boolean {
  if (Object.values(each.joins ?? {}).includes(leader.name)) return true;
  return stack?.services[each.service]?.restartsWith?.includes(leader.service) ?? false;
}

/** Whether it runs, was stopped by an interrupted restart, or ended although it should run. */
function isWanted(instance: ObservedInstance): boolean {
  return isUp(instance) || instance.policy !== instance.restart || instance.restart !== 'no';
}
