import { patched } from '@temporalio/workflow';
import { toRef } from '../../../plan/service/instance-spec';
import { lanesOf, servicesOf, withOnly, type Plan, type PlannedService } from '../../../plan/plan';
import { planRollback } from '../../../plan/undo/rollback';
import { patches } from '../../support/patches';
import { StepFactory } from '../../../plan/steps';
import type { Interpreter } from '../steps/interpreter';
import type { Compensation } from '../steps/compensation';

export interface Unfinished {
  plan: Plan;
  /** The service that failed, if any; its steps may all be finished. */
  failed?: string;
  interpreter: Interpreter;
  compensation: Compensation;
}

/**
 * Restores partly deployed services while a person decides about a failure; a retry deploys them again. Jobs are not
 * undone. Resolves with the names of the restored services.
 */
export function restoreUnfinished(unfinished: Unfinished): Promise<string[]> {
  const { failed, interpreter } = unfinished;
  return restore(
    unfinished,
    (service) => hasStarted(service, interpreter) && (service.name === failed || !isFinished(service, interpreter)),
  );
}

/** Restores amended services that were already deployed, so that they are deployed again. */
export async function restoreAmended(unfinished: Unfinished, amended: ReadonlySet<string>): Promise<void> {
  const { plan, interpreter } = unfinished;
  const isToRestore = (service: PlannedService) => amended.has(service.name) && hasStarted(service, interpreter);
  const services = servicesOf(plan.phases).filter(({ kind }) => kind !== 'job');
  if (services.some(isToRestore) && patched(patches.restoreAmended)) await restore(unfinished, isToRestore);
}

/** Whether a job has finished. */
export function hasRun({ plan, interpreter }: Pick<Unfinished, 'plan' | 'interpreter'>, job: string): boolean {
  const found = servicesOf(plan.phases).find(({ name }) => name === job);
  return found?.kind === 'job' && hasStarted(found, interpreter) && isFinished(found, interpreter);
}

/** Restores services, not jobs. Resolves with the names of the restored services. */
async function restore(unfinished: Unfinished, which: (service: PlannedService) => boolean): Promise<string[]> {
  const { plan, interpreter, compensation } = unfinished;
  const { started, finished } = interpreter;
  const part = withOnly(plan, (service) => service.kind !== 'job' && which(service));
  const services = servicesOf(part.phases);
  if (services.length === 0) return [];
  await compensation.perform(planRollback({ plan: part, started, finished, onRollback: {} }));
  const steps = services.flatMap((service) => lanesOf(service).flat());
  const isClean = compensation.leftBehind.splice(0).length === 0;
  interpreter.forget(steps, isClean ? 'started' : 'finished');
  return services.map(({ name }) => name);
}

/** Removes the containers of failed jobs, so that a retry runs them again in new ones. */
export async function clearFailedJobs({ plan, interpreter, compensation }: Unfinished): Promise<void> {
  const jobs = servicesOf(plan.phases).filter(
    (service) => service.kind === 'job' && hasStarted(service, interpreter) && !isFinished(service, interpreter),
  );
  const steps = jobs.flatMap((job) => lanesOf(job).flat());
  await compensation.collect(
    steps.flatMap((step) =>
      step.kind === 'create-job' ? [[StepFactory.beside(step).about('remove', toRef(step.instance))]] : [],
    ),
  );
  interpreter.forget(steps, 'finished');
}

function hasStarted(service: PlannedService, { started }: Interpreter): boolean {
  return lanesOf(service)
    .flat()
    .some(({ id }) => started.has(id));
}

/** Whether all stages are finished; the tail does not count. */
function isFinished({ stages }: PlannedService, { finished }: Interpreter): boolean {
  return stages.flat(2).every(({ id }) => finished.has(id));
}
