import type { ObservedInstance } from '../../model/observation';

/** A detailed observation inspects each instance. */
const detailEvery = 10;

/** Observes in detail the first time and every tenth time; in between, the details of each instance are reused. */
export function observeWithDetails<Seen extends { instances: ObservedInstance[] }>(
  observe: (detailed: boolean) => Promise<Seen>,
): () => Promise<Seen> {
  let count = 0;
  let details = new Map<string, ObservedInstance>();
  return async () => {
    const isDetailed = count % detailEvery === 0;
    const seen = await observe(isDetailed);
    count += 1;
    if (isDetailed) details = new Map(seen.instances.map((instance) => [instance.id, instance]));
    return isDetailed
      ? seen
      : { ...seen, instances: seen.instances.map((instance) => withDetails(instance, details.get(instance.id))) };
  };
}

function withDetails(instance: ObservedInstance, before: ObservedInstance | undefined): ObservedInstance {
  if (!before || instance.state !== 'running') return instance;
  return { ...instance, policy: before.policy, limitsInForce: before.limitsInForce, altered: before.altered };
}
