import { lanesOf, type PlannedPhase, type PlannedService, type Retirement, type Step, type StepOf } from '../plan';

/** The started steps of a service: their effect may have happened, in part or completely. */
export interface StartedService {
  service: PlannedService;
  /** Phase of the service; negative if the new stack no longer has it. */
  phase: number;
  /** Place within the phase on the way up; absent: the first. */
  level?: number;
  steps: Step[];
}

export function startedOf(
  { kind, number }: PlannedPhase,
  service: PlannedService,
  started: ReadonlySet<string>,
): StartedService {
  return {
    service,
    phase: kind === 'removals' && number > 0 ? -number : number,
    steps: lanesOf(service)
      .flat()
      .filter(({ id }) => started.has(id)),
  };
}

/** Whether old instances were stopped or changed: they must be restarted before they can serve requests again. */
export function hasGoneTooFar(started: readonly Step[]): boolean {
  return started.some((step) => retirementsOf(step).length > 0 || isReplacement(step));
}

/** Whether a step changes a workload that stays, not one that runs beside it for a while. */
export function isReplacement(step: Step): step is StepOf<'update'> {
  return step.kind === 'update' && step.instance.workload?.beside === undefined;
}

export function retirementsOf(step: Step): Retirement[] {
  return step.kind === 'retire' ? [step] : step.kind === 'retire-together' ? step.retirements : [];
}
