import { ApplicationFailure, patched } from '@temporalio/workflow';
import { failureTypes } from '../../../activities/contract';
import type { Service, Stack } from '../../../model/stack';
import type { HostObservation, StackObservation } from '../../../plan/hosts/view';
import { amend } from '../../../plan/service/amendment';
import { planOver, type Planning } from '../../../plan/planner';
import { planSettlement } from '../../../plan/undo/settlement';
import { admitSize } from '../../support/admit';
import { hostNamed, lookAround, type WithPlatformRetry } from '../../hosts';
import type { DeploymentInput } from '../../messages';
import { patches } from '../../support/patches';
import type { DeploymentContext } from '../context';
import { toProblem } from '../steps/failure';
import type { Interpreter } from '../steps/interpreter';
import { runSteps } from '../steps/lanes';
import { isTrouble } from '../steps/platform-retry';
import { summarise } from '../report/summary';
import type { Compensation } from '../steps/compensation';

/** What comes before the first step: a look at what runs, and the plan. */
export class Preparation {
  constructor(
    private readonly context: DeploymentContext,
    private readonly interpreter: Interpreter,
    private readonly compensation: Compensation,
  ) {}

  /** What a deployment that ended without a word left behind is put back first. */
  async settleAndLook(input: DeploymentInput): Promise<StackObservation> {
    const { compensation, interpreter } = this;
    const { go, log } = this.context;
    const world = await this.look(input, 'observe what runs');
    const settlement = planSettlement({ views: world.views, committed: go.committed, runtime: input.stack.runtime });
    if (settlement.stages.length === 0) return world;
    log.note('an earlier deployment ended without a word; putting back what it left');
    await compensation.perform(settlement);
    interpreter.forgetAll();
    return this.look(input, 'observe what runs after that');
  }

  private look(
    { stack, pinned, taskQueue, intent: { kind, force } }: DeploymentInput,
    summary: string,
  ): Promise<StackObservation> {
    const { go, claims } = this.context;
    if (patched(patches.hostClaims)) claims.beginLook(stack);
    const withPlatformRetry: WithPlatformRetry = (queue, look) =>
      this.context.withPlatformRetry(queue, () =>
        look().catch(async (error: unknown) => {
          const hopeless = force || !isTrouble(error) ? undefined : await claims.hopeless(stack, queue);
          throw hopeless === undefined
            ? error
            : ApplicationFailure.nonRetryable(`${toProblem(error).message}; ${hopeless}`, failureTypes.software);
        }),
      );
    const former = (go.hosts ?? [])
      .filter((name) => stack.hosts && !stack.hosts.some((host) => host.name === name))
      .map(hostNamed);
    return lookAround({
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

  draft({ stack, intent, target }: DeploymentInput, world: StackObservation): Planning {
    const {
      deployment,
      release: { from, next },
      jobs,
    } = this.context.go;
    const to = target ?? (intent.kind === 'deploy' ? next : (from ?? next));
    return planOver(
      { stack, intent, deployment, release: { from, to }, jobs, keepsOldChecks: !patched(patches.newChecks) },
      world,
    );
  }

  /** All images are there before the first instance stops. Only then is it known what changes. */
  async withImages(input: DeploymentInput, draft: Planning, world: StackObservation): Promise<Planning> {
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
    return this.draft(input, { ...world, views: world.views.map((view) => this.withPulled(view)) });
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

  /** The stack with services as they shall be. @throws ApplicationFailure where that cannot be, with the reasons */
  amended(input: DeploymentInput, services: Service[], world: StackObservation): Stack {
    const amended = amend(input.stack, services);
    if ('stack' in amended) admitSize(amended.stack);
    const refusals =
      'stack' in amended
        ? this.draft({ ...input, stack: amended.stack }, world).refusals.map(
            ({ path, message }) => `${path}: ${message}`,
          )
        : amended.refusals;
    if (!('stack' in amended) || refusals.length > 0)
      throw ApplicationFailure.nonRetryable(refusals.join('\n'), 'NothingToAmend');
    return amended.stack;
  }
}
