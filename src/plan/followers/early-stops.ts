import { isUp, type ObservedInstance } from '../../model/observation';
import { servicesOf, type PlannedPhase, type PlannedService, type Stage, type StepOf } from '../plan';
import { stagesOf } from '../strategies/strategy';
import { retirementsOf } from '../undo/started-service';

type Stop = StepOf<'retire'>;

/**
 * Moves the stop of each instance before that of the instance whose namespaces it joins: it could not work without
 * them, and a rollback then starts both again.
 */
export function stopJoinedFirst(phases: readonly PlannedPhase[], observed: readonly ObservedInstance[]): void {
  const joined = observed.filter((instance) => isUp(instance) && instance.joins !== undefined);
  if (joined.length === 0) return;
  const services = servicesOf([...phases].sort((a, b) => a.number - b.number));
  for (const service of services) {
    for (const [index, stage] of service.stages.entries()) {
      const targets = stage.flat().flatMap((step) => retirementsOf(step).map(({ instance }) => instance.name));
      const early = levelsOf(targets, joined)
        .map((level) => level.flatMap((instance) => takeStop(instance, services, service)))
        .filter((stops) => stops.length > 0);
      if (early.length === 0) continue;
      const stopped = new Set(early.flat().map((step) => step.instance.service));
      const names = services.map((each) => each.name).filter((each) => stopped.has(each));
      service.notes.push(`stops ${names.join(', ')} first`);
      service.stages.splice(index, 0, ...early.map((stops): Stage => stops.map((step) => [step])));
      break;
    }
  }
}

/** The instances that join others, directly or through each other; the last to join first. */
function levelsOf(targets: readonly string[], joined: readonly ObservedInstance[]): ObservedInstance[][] {
  const levels: ObservedInstance[][] = [];
  const seen = new Set(targets);
  for (let level = [...targets]; level.length > 0;) {
    const next = joined.filter(
      ({ name, joins = {} }) => !seen.has(name) && Object.values(joins).some((each) => level.includes(each)),
    );
    level = next.map(({ name }) => name);
    for (const name of level) seen.add(name);
    if (next.length > 0) levels.unshift(next);
  }
  return levels;
}

/** Takes the step that stops an instance out of the plan of its service. */
function takeStop(
  { name, joins = {} }: ObservedInstance,
  services: readonly PlannedService[],
  before: PlannedService,
): Stop[] {
  for (const service of services) {
    const found = service.stages
      .flat(2)
      .find((step): step is Stop => step.kind === 'retire' && step.instance.name === name);
    if (!found || service === before) continue;
    service.stages = stagesOf(
      service.stages.map((stage) => stage.map((lane) => lane.filter((step) => step !== found))),
    );
    const { gate: _, ...stop } = found;
    return [{ ...stop, early: Object.values(joins) }];
  }
  return [];
}
