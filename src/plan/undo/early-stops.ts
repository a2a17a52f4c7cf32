import type { Step, StepOf } from '../plan';
import type { StartedService } from './started-service';

type Stop = StepOf<'retire'>;

/**
 * Takes early stops out of the services beside whose steps they are. On the way up, each instance starts in the phase
 * of its own service, but never before those whose namespaces it joins.
 */
export function withEarlyStopsApart(all: readonly StartedService[]): StartedService[] {
  const holders = new Map(
    all.flatMap((holder) => holder.steps.filter(isEarlyStop).map((step) => [step, holder] as const)),
  );
  if (holders.size === 0) return [...all];
  const placed = new Map<string, Place>();
  for (const { phase, steps } of all)
    for (const step of steps)
      if (step.kind === 'retire' && !isEarlyStop(step)) placed.set(step.instance.name, { phase, level: 0 });
  const nearestFirst = [...holders].reverse();
  const apart = nearestFirst.map(([step, { service, phase }]): StartedService => {
    const owner = all.find((each) => each.service.name === step.service);
    const own = { phase: Math.max(phase, owner?.phase ?? phase), level: 0 };
    const place = step.early.flatMap((name) => placed.get(name) ?? []).reduce(notBefore, own);
    placed.set(step.instance.name, place);
    return { service: owner?.service ?? service, ...place, steps: [step] };
  });
  return [...all.map((each) => ({ ...each, steps: each.steps.filter((step) => !isEarlyStop(step)) })), ...apart];
}

interface Place {
  phase: number;
  level: number;
}

/** A place after that of an instance that is joined. */
function notBefore(place: Place, joined: Place): Place {
  if (place.phase > joined.phase) return place;
  return { phase: joined.phase, level: Math.max(place.phase === joined.phase ? place.level : 0, joined.level + 1) };
}

/** Whether a step stops an instance beside the steps of another service, whose namespaces it joins. */
export function isEarlyStop(step: Step): step is Stop & { early: string[] } {
  return step.kind === 'retire' && step.early !== undefined;
}
