import { toRef } from '../../../plan/service/instance-spec';
import { lanesOf, servicesOf, type Plan, type PlannedService } from '../../../plan/plan';
import { planRollback } from '../../../plan/undo/rollback';
import { StepFactory } from '../../../plan/steps';
import type { Interpreter } from '../steps/interpreter';
import type { Compensation } from '../steps/compensation';

export interface Unfinished {
  plan: Plan;
  /** The service that failed, where one did: it may have been through with its steps. */
  failed?: string;
  interpreter: Interpreter;
  compensation: Compensation;
}

/**
 * While a person thinks about a failure each service is as it was or as it shall be: what is half done is put back, and
 * will be done again. Jobs stay as far as they came. Resolves with the names of what was put back.
 */
export async function restoreUnfinished(unfinished: Unfinished): Promise<string[]> {
  const { plan, interpreter, compensation } = unfinished;
  const { started, finished } = interpreter;
  const isHalf = (service: PlannedService) =>
    service.kind !== 'job' &&
    isBegun(service, interpreter) &&
    (service.name === unfinished.failed || !isThrough(service, interpreter));
  const phases = plan.phases.map((phase) => ({ ...phase, services: phase.services.filter(isHalf) }));
  const half = servicesOf(phases);
  if (half.length === 0) return [];
  await compensation.perform(
    planRollback({ plan: { ...plan, phases, preparation: [] }, started, finished, onRollback: {} }),
  );
  const steps = half.flatMap((service) => lanesOf(service).flat());
  const isClean = compensation.leftBehind.splice(0).length === 0;
  interpreter.forget(steps, isClean ? 'that they began' : 'that they are done');
  return half.map(({ name }) => name);
}

/** A job that did not succeed runs again from the start, in a container of its own. */
export async function clearFailedJobs({ plan, interpreter, compensation }: Unfinished): Promise<void> {
  const jobs = servicesOf(plan.phases).filter(
    (service) => service.kind === 'job' && isBegun(service, interpreter) && !isThrough(service, interpreter),
  );
  const steps = jobs.flatMap((job) => lanesOf(job).flat());
  await compensation.collect(
    steps.flatMap((step) =>
      step.kind === 'create-job' ? [[StepFactory.beside(step).about('remove', toRef(step.instance))]] : [],
    ),
  );
  interpreter.forget(steps, 'that they are done');
}

function isBegun(service: PlannedService, { started }: Interpreter): boolean {
  return lanesOf(service)
    .flat()
    .some(({ id }) => started.has(id));
}

/** What outlasts the rest of the deployment may still be to come. */
function isThrough({ stages }: PlannedService, { finished }: Interpreter): boolean {
  return stages.flat(2).every(({ id }) => finished.has(id));
}
