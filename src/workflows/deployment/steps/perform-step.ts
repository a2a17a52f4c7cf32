import type { InstanceByReference, InstanceSpec } from '../../../model/instance';
import type { Step, StepOf } from '../../../plan/plan';
import { activity } from '../../support/activity-options';
import type { DeploymentContext } from '../context';
import { StepFailure } from './failure';

/** A step that one activity performs. */
export type ActivityStep = Exclude<Step, StepOf<'pull' | 'run-job' | 'hold' | 'approve'>>;

/** What a step means is its activity's matter. `afterTrouble`: the platform was away in between. */
export async function performStep(
  step: ActivityStep,
  { step: context, references, payloadBudget }: Pick<DeploymentContext, 'step' | 'references' | 'payloadBudget'>,
  afterTrouble: boolean,
): Promise<void> {
  const { taskQueue, id } = step;
  const send = (spec: InstanceSpec, start: (instance: InstanceByReference) => Promise<void>) => {
    const instance = references.of(spec);
    return payloadBudget.carry(instance, () => start(instance));
  };
  switch (step.kind) {
    case 'create-network':
      return activity('createNetwork', taskQueue, id)(context, step.network);
    case 'remove-network':
      return activity('removeNetwork', taskQueue, id)(context, step.name);
    case 'create-volume':
      return activity('createVolume', taskQueue, id)(context, step.volume);
    case 'remove-volume':
      return activity('removeVolume', taskQueue, id)(context, step.name);
    case 'start':
      return send(step.instance, (instance) =>
        activity('startInstance', taskQueue, id)(context, instance, { afterTrouble }),
      );
    case 'update':
      return send(step.instance, (instance) =>
        activity('startInstance', taskQueue, id)(context, instance, {
          afterTrouble,
          ...(step.force && { force: true }),
        }),
      );
    case 'select':
      return activity('selectInstance', taskQueue, id)(context, step.instance, step.to);
    case 'restore':
      return activity('restoreInstance', taskQueue, id)(context, step.instance, step.deployment);
    case 'await-healthy':
      return activity('awaitHealthy', taskQueue, id)(context, step.instance, { afterTrouble });
    case 'create-job':
      return send(step.instance, (instance) => activity('createJob', taskQueue, id)(context, instance));
    case 'test':
      return send(step.instance, (instance) => activity('runTest', taskQueue, id)(context, instance, step.timeoutMs));
    case 'exec':
      return activity('execInInstance', taskQueue, id)(context, step.instance, step.command, step.purpose);
    case 'attach':
      return activity('attachInstance', taskQueue, id)(context, step.instance, step.networks);
    case 'route':
      return activity('routeTraffic', taskQueue, id)(context, step.balancer, step.tables);
    case 'configure':
      return activity('configureBalancer', taskQueue, id)(context, step.balancer, step.front);
    case 'drain':
      await activity(
        'drainInstance',
        taskQueue,
        id,
      )(context, { balancer: step.balancer, addresses: step.addresses, timeoutMs: step.timeoutMs });
      return undefined;
    case 'retire':
      return step.drain
        ? activity('retireInstance', taskQueue, id)(context, step.instance, step.drain)
        : activity('retireInstance', taskQueue, id)(context, step.instance);
    case 'retire-together':
      return activity('retireInstances', taskQueue, id)(context, step.retirements);
    case 'revive':
      return activity('reviveInstance', taskQueue, id)(context, step.instance, { afterTrouble });
    case 'remove':
      return activity('removeInstance', taskQueue, id)(context, step.instance);
    case 'revive-together':
      return all(id, await activity('reviveInstances', taskQueue, id)(context, step.instances, { afterTrouble }));
    case 'remove-together':
      return all(id, await activity('removeInstances', taskQueue, id)(context, step.instances));
    default:
      return unreachable(step);
  }
}

/** @throws StepFailure with everything that was not done */
function all(step: string, left: string[]): void {
  if (left.length > 0) throw new StepFailure({ step, message: left.join('; ') });
}

function unreachable(step: never): never {
  throw new Error(`no such step: ${JSON.stringify(step)}`);
}
