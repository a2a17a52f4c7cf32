import { ApplicationFailure, patched } from '@temporalio/workflow';
import { failureTypes } from '../../../activities/contract';
import type { Service, Stack } from '../../../model/stack';
import type { HostObservation, StackObservation } from '../../../plan/hosts/view';
import { amend } from '../../../plan/service/amendment';
import { planOver, type Planning } from '../../../plan/planner';
import { planSettlement } from '../../../plan/undo/settlement';
import { admitSize } from '../../support/admit';
import { hostNamed, observeHosts, type WithPlatformRetry } from '../../hosts';
import type { DeploymentInput } from '../../messages';
import { patches } from '../../support/patches';
import type { DeploymentContext } from '../context';
import { toProblem } from '../steps/failure';
import type { Interpreter } from '../steps/interpreter';
import { runSteps } from '../steps/lanes';
import { isTrouble } from '../steps/platform-retry';
import { summarise } from '../report/summary';
import type { Compensation } from '../steps/compensation';

/** Work before the first step: settles an unfinished deployment, observes the hosts, and plans. */
export class Preparation {
  constructor(
    private readonly context: DeploymentContext,
    private readonly interpreter: Interpreter,
    private readonly compensation: Compensation,
  ) {}

  /** Observes the hosts; first rolls back the remains of a deployment that ended without a result. */
  async settleAndObserve(input: DeploymentInput): Promise<StackObservation> {
    const { compensation, interpreter } = this;
    const { go, log } = this.context;
    const observed = await this.observe(input, 'observe the hosts');
    const settlement = planSettlement({ views: observed.views, committed: go.committed, runtime: input.stack.runtime });
    if (settlement.stages.length === 0) return observed;
    log.note('an earlier deployment ended without a result; rolling back what it left');
    await compensation.perform(settlement);
    interpreter.forgetAll();
    return this.observe(input, 'observe the hosts after the rollback');
  }

  private observe(
    { stack, pinned, taskQueue, intent: { kind, force } }: DeploymentInput,
    summary: string,
  ): Promise<StackObservation> {
    const { go, claims } = this.context;
    if (patched(patches.hostClaims)) claims.beginObservation(stack);
    const withPlatformRetry: WithPlatformRetry = (queue, call) =>
      this.context.withPlatformRetry(queue, () =>
        call().catch(async (error: unknown) => {
          const openBreaker = force || !isTrouble(error) ? undefined : await claims.openBreaker(stack, queue);
          throw openBreaker === undefined
            ? error
            : ApplicationFailure.nonRetryable(`${toProblem(error).message}; ${openBreaker}`, failureTypes.software);
        }),
      );
    const former = (go.hosts ?? [])
      .filter((name) => stack.hosts && !stack.hosts.some((host) => host.name === name))
      .map(hostNamed);
    return observeHosts({
      stack,
      pinned,
      taskQueue,
      summary,
      former,
      force,
      closely: kind === 'repair',
      withPlatformRetry,
    });
  }

  draft({ stack, intent, target }: DeploymentInput, observed: StackObservation): Planning {
    const {
      deployment,
      release: { from, next },
      jobs,
      applied,
    } = this.context.go;
    const to = target ?? (intent.kind === 'deploy' ? next : (from ?? next));
    return planOver(
      {
        stack,
        intent,
        deployment,
        release: { from, to },
        jobs,
        applied,
        keepsOldChecks: !patched(patches.newChecks),
        leavesImageVolumes: !patched(patches.keepsImageVolumes),
      },
      observed,
    );
  }

  /** Pulls all images before the first instance stops, then plans again with their content addresses. */
  async withImages(input: DeploymentInput, draft: Planning, observed: StackObservation): Promise<Planning> {
    const { interpreter } = this;
    const { log } = this.context;
    const { plan } = draft;
    if (plan.pulls.length === 0) return draft;
    const pulls = interpreter.remaining(plan.pulls);
    if (pulls.length > 0) {
      log.plan = summarise(plan);
      log.become('pulling');
      await runSteps(pulls, plan.maxParallel, (lane) => interpreter.lane(lane));
    }
    return this.draft(input, { ...observed, views: observed.views.map((view) => this.withPulled(view)) });
  }

  private withPulled(view: HostObservation): HostObservation {
    const pulled = this.interpreter.imagesOn(view.taskQueue);
    const others = view.observation.images.filter(({ reference }) => !pulled[reference]);
    return {
      ...view,
      observation: {
        ...view.observation,
        images: [...others, ...Object.entries(pulled).map(([reference, image]) => ({ reference, ...image }))],
      },
    };
  }

  /** The stack with amended services. @throws ApplicationFailure with the refusals */
  amended(input: DeploymentInput, services: Service[], observed: StackObservation): Stack {
    const amended = amend(input.stack, services);
    if ('stack' in amended) admitSize(amended.stack);
    const refusals =
      'stack' in amended
        ? this.draft({ ...input, stack: amended.stack }, observed).refusals.map(
            ({ path, message }) => `${path}: ${message}`,
          )
        : amended.refusals;
    if (!('stack' in amended) || refusals.length > 0)
      throw ApplicationFailure.nonRetryable(refusals.join('\n'), 'NothingToAmend');
    return amended.stack;
  }
}
