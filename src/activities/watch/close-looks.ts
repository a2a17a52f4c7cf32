import type { ObservedInstance } from '../../model/observation';

/** A close look asks about each instance by itself. */
const closeEvery = 10;

/** Looks of which the first and every tenth are close ones; what those saw of an instance counts until the next. */
export function closeLooks<Seen extends { instances: ObservedInstance[] }>(
  observe: (closely: boolean) => Promise<Seen>,
): () => Promise<Seen> {
  let looks = 0;
  let known = new Map<string, ObservedInstance>();
  return async () => {
    const isClose = looks % closeEvery === 0;
    const seen = await observe(isClose);
    looks += 1;
    if (isClose) known = new Map(seen.instances.map((instance) => [instance.id, instance]));
    return isClose
      ? seen
      : { ...seen, instances: seen.instances.map((instance) => asSeenClosely(instance, known.get(instance.id))) };
  };
}

function asSeenClosely(instance: ObservedInstance, before: ObservedInstance | undefined): ObservedInstance {
  if (!before || instance.state !== 'running') return instance;
  return { ...instance, policy: before.policy, limitsInForce: before.limitsInForce, altered: before.altered };
}
