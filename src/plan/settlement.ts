import type { ObservedInstance } from '../model/observation';
import { toRef } from './instance-spec';
import type { Lane } from './plan';
import type { RollbackPlan } from './rollback';
import { StepFactory } from './steps';

/**
 * The way back from a deployment that ended without a word (terminated, or its history lost): what it
 * started goes, what was committed before it and does not run comes up again, by phase.
 */
export function planSettlement(instances: readonly ObservedInstance[], committed: number, host: string, taskQueue: string): RollbackPlan {
  const steps = new StepFactory(host, taskQueue);
  const leftovers = instances.filter(({ deployment }) => deployment > committed);
  const stopped = newest(instances.filter(({ deployment, kind }) => deployment <= committed && kind === 'service')).filter(({ state }) => state !== 'running' && state !== 'restarting');
  const stage = (title: string, of: ObservedInstance[], lane: (instance: ObservedInstance) => Lane, descending: boolean) =>
    [...new Set(of.map(({ phase }) => phase))].sort((a, b) => (descending ? b - a : a - b)).map((phase) => ({ title: `${title} of phase ${phase}`, lanes: of.filter((each) => each.phase === phase).map(lane) }));
  const down = stage('leftovers', leftovers, (instance) => {
    const wait = instance.kind === 'job' && instance.state === 'running' ? [steps.make({ kind: 'run-job', instance: toRef(instance) }, instance.service)] : [];
    return [...wait, steps.about('remove', toRef(instance))];
  }, true);
  const retired = stopped.filter(({ policy, restart }) => policy !== restart);
  const up = stage('instances', leftovers.length > 0 ? stopped : retired, (instance) => [steps.about('revive', toRef(instance))], false);
  return { stages: [...down, ...up], notUndone: [] };
}

/** Of each ordinal of a service the instance that was committed last: an older one has been replaced, and stays retired. */
function newest(instances: ObservedInstance[]): ObservedInstance[] {
  const latest = new Map<string, ObservedInstance>();
  for (const instance of instances) {
    const key = `${instance.service}-${instance.ordinal}`;
    if (instance.deployment >= (latest.get(key)?.deployment ?? 0)) latest.set(key, instance);
  }
  return [...latest.values()];
}
