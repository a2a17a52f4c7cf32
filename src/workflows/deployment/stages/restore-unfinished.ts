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
  /** The service that failed, where one did: it may have been through with its steps. */
  failed?: string;
  interpreter: Interpreter;
  compensation: Compensation;
}

/**
 * While a person thinks about a failure each service is as it was or as it shall be: what is half done is put back, and
 * will be done again. Jobs stay as far as they came. Resolves with the names of what was put back.
 */
export function restoreUnfinished(unfinished: Unfinished): Promise<string[]> {
  const { failed, interpreter } = unfinished;
  return restore(
    unfinished,
    (service) => isBegun(service, interpreter) && (service.name === failed || !isThrough(service, interpreter)),
  );
}

/** Puts amended services back that were through: they will be done again. */
export async function restoreAmended(unfinished: Unfinished, amended: ReadonlySet<string>): Promise<void> {
  const { plan, interpreter } = unfinished;
  const isToRestore = (service: PlannedService) => amended.has(service.name) && isBegun(service, interpreter);
  const services = servicesOf(plan.phases).filter(({ kind }) => kind !== 'job');
  if (services.some(isToRestore) && patched(patches.restoreAmended)) await restore(unfinished, isToRestore);
}

/** Whether a job has been run to its end. */
export function hasRun({ plan, interpreter }: Pick<Unfinished, 'plan' | 'interpreter'>, job: string): boolean {
  const found = servicesOf(plan.phases).find(({ name }) => name === job);
  return found?.kind === 'job' && isBegun(found, interpreter) && isThrough(found, interpreter);
}

/** Services only: what a job did stays. Resolves with the names of what was put back. */
async function restore(unfinished: Unfinished, which: (service: PlannedService) => boolean): Promise<string[]> {
  const { plan, interpreter, compensation } = unfinished;
  const { started, finished } = interpreter;
  const part = withOnly(plan, (service) => service.kind !== 'job' && which(service));
  const services = servicesOf(part.phases);
  if (services.length === 0) return [];
  await compensation.perform(planRollback({ plan: part, started, finished, onRollback: {} }));
  const steps = services.flatMap((service) => lanesOf(service).flat());
  const isClean = compensation.leftBehind.splice(0).length === 0;
  interpreter.forget(steps, isClean ? 'that they began' : 'that they are done');
  return services.map(({ name }) => name);
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
