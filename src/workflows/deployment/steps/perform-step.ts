import type { InstanceByReference, InstanceSpec } from '../../../model/instance';
import type { Step, StepOf } from '../../../plan/plan';
import { activity } from '../../support/activity-options';
import type { DeploymentContext } from '../context';
import { named, StepFailure } from './failure';

/** A step that one activity performs. */
export type ActivityStep = Exclude<Step, StepOf<'pull' | 'run-job' | 'hold' | 'approve'>>;

/** Performs a step by its activity. `afterTrouble`: an earlier attempt failed because the platform was unavailable. */
export async function performStep(
  step: ActivityStep,
  {
    activityContext: context,
    references,
    payloadBudget,
  }: Pick<DeploymentContext, 'activityContext' | 'references' | 'payloadBudget'>,
  afterTrouble: boolean,
): Promise<void> {
  const { taskQueue, title } = step;
  const send = (spec: InstanceSpec, start: (instance: InstanceByReference) => Promise<void>) => {
    const instance = references.of(spec);
    return payloadBudget.carry(instance, () => start(instance));
  };
  switch (step.kind) {
    case 'create-network':
      return activity('createNetwork', taskQueue, title)(context, step.network);
    case 'remove-network':
      return activity('removeNetwork', taskQueue, title)(context, step.name);
    case 'create-volume':
      return activity('createVolume', taskQueue, title)(context, step.volume);
    case 'remove-volume':
      return activity('removeVolume', taskQueue, title)(context, step.name);
    case 'start':
      return send(step.instance, (instance) =>
        activity('startInstance', taskQueue, title)(context, instance, { afterTrouble }),
      );
    case 'update':
      return send(step.instance, (instance) =>
        activity('startInstance', taskQueue, title)(context, instance, {
          afterTrouble,
          ...(step.force && { force: true }),
        }),
      );
    case 'select':
      return activity('selectInstance', taskQueue, title)(context, step.instance, step.to);
    case 'restore':
      return activity('restoreInstance', taskQueue, title)(context, step.instance, step.deployment);
    case 'await-healthy':
      return activity('awaitHealthy', taskQueue, title)(context, step.instance, { afterTrouble });
    case 'create-job':
      return send(step.instance, (instance) => activity('createJob', taskQueue, title)(context, instance));
    case 'test':
      return send(step.instance, (instance) =>
        activity('runTest', taskQueue, title)(context, instance, step.timeoutMs),
      );
    case 'exec':
      return activity('execInInstance', taskQueue, title)(
        context,
        step.instance,
        step.command,
        step.purpose,
        ...(step.secrets ? [step.secrets] : []),
      );
    case 'attach':
      return activity('attachInstance', taskQueue, title)(context, step.instance, step.networks);
    case 'route':
      return activity('routeTraffic', taskQueue, title)(context, step.balancer, step.tables);
    case 'configure':
      return activity('configureBalancer', taskQueue, title)(context, step.balancer, step.front);
    case 'drain':
      await activity(
        'drainInstance',
        taskQueue,
        title,
      )(context, { balancer: step.balancer, addresses: step.addresses, timeoutMs: step.timeoutMs });
      return undefined;
    case 'retire':
      return step.drain
        ? activity('retireInstance', taskQueue, title)(context, step.instance, step.drain)
        : activity('retireInstance', taskQueue, title)(context, step.instance);
    case 'retire-together':
      return activity('retireInstances', taskQueue, title)(context, step.retirements);
    case 'revive':
      return activity('reviveInstance', taskQueue, title)(context, step.instance, { afterTrouble });
    case 'remove':
      return activity('removeInstance', taskQueue, title)(context, step.instance);
    case 'revive-together':
      return requireAll(
        step,
        await activity('reviveInstances', taskQueue, title)(context, step.instances, { afterTrouble }),
      );
    case 'remove-together':
      return requireAll(step, await activity('removeInstances', taskQueue, title)(context, step.instances));
    default:
      return unreachable(step);
  }
}

/** @throws StepFailure with the failures of a combined step */
function requireAll(step: Step, failures: string[]): void {
  if (failures.length > 0) throw new StepFailure({ ...named(step), message: failures.join('; ') });
}

function unreachable(step: never): never {
  throw new Error(`unknown kind of step: ${JSON.stringify(step)}`);
}
