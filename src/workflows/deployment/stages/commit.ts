import { CancellationScope, patched } from '@temporalio/workflow';
import type { PinnedImages } from '../../../model/images';
import type { JobRun } from '../../../plan/service/job-runs';
import { servicesOf, type Lane, type Plan, type Step } from '../../../plan/plan';
import { together } from '../../../plan/undo/together';
import { activity } from '../../support/activity-options';
import { all, hostsOf } from '../../hosts';
import type { DeploymentInput } from '../../messages';
import { patches } from '../../support/patches';
import type { DeploymentContext } from '../context';
import { toProblem } from '../steps/failure';
import { keepRelease } from './keep-release';
import { keepSchedules } from './keep-schedules';
import type { Compensation } from '../steps/compensation';

/** The input of a commit. */
export interface CommitRequest {
  input: DeploymentInput;
  plan: Plan;
  jobs: JobRun[];
  images: PinnedImages;
  /** Superseded instances to keep: those of services that failed alone. */
  retained: ReadonlySet<string>;
}

/**
 * The point of no return: signals the environment, keeps the release, then removes retired instances. Nothing here
 * rolls back.
 */
export class Commit {
  /** Names of the schedules from the stack file, set after they are synchronised. */
  schedules?: string[];

  constructor(
    private readonly context: DeploymentContext,
    private readonly compensation: Compensation,
  ) {}

  async perform({ input, plan, jobs, images, retained }: CommitRequest): Promise<void> {
    const { compensation } = this;
    const { link } = this.context;
    await CancellationScope.nonCancellable(async () => {
      await link.committed(input.intent.kind === 'stop' && !input.intent.services ? undefined : plan.release.to);
      await this.holdImages(plan, input);
      if (input.intent.kind === 'deploy') {
        await keepRelease(input, plan, jobs, images, this.context).catch((error: Error) =>
          compensation.leftBehind.push(`release ${plan.release.to} is not kept: ${error.message}`),
        );
      }
      await this.keepSchedules(input);
      await this.settleTraffic(input);
      const steps = plan.cleanup.filter((step) => !(step.kind === 'remove' && retained.has(step.instance.name)));
      const others = steps.filter(({ kind }) => kind !== 'remove');
      await compensation.collect(removals(steps));
      await compensation.collect(others.map((step) => [step]));
    });
  }

  /** The shared load balancer lets go of networks here, before they are removed. */
  async settleTraffic({ stack }: DeploymentInput): Promise<void> {
    const { leftBehind } = this.compensation;
    const { routes, certificates } = this.context;
    const problem = await routes.commit(stack).catch((error: unknown) => toProblem(error).message);
    if (problem !== undefined) leftBehind.push(`routes of the shared load balancer: ${problem}`);
    await certificates
      .commit(stack)
      .catch((error: unknown) => leftBehind.push(`the certificate by tls: auto: ${toProblem(error).message}`));
  }

  async keepSchedules(input: DeploymentInput): Promise<void> {
    const { compensation } = this;
    const { go } = this.context;
    this.schedules = await keepSchedules(input, go).catch((error: Error) => {
      compensation.leftBehind.push(`schedules: ${toProblem(error).message}`);
      return [...new Set([...(go.schedules ?? []), ...(input.stack.schedules ?? []).map(({ name }) => name)])];
    });
  }

  /**
   * Before retired instances are removed, holds the images of kept releases whose tags have moved: until then their
   * containers protect them.
   */
  private async holdImages(plan: Plan, { stack, taskQueue }: DeploymentInput): Promise<void> {
    const { compensation } = this;
    const { go, activityContext, withPlatformRetry } = this.context;
    if (go.releases.length === 0 || !plan.cleanup.some(({ kind }) => kind === 'remove')) return;
    const hold = (queue: string) =>
      withPlatformRetry(queue, () =>
        activity(
          'holdImages',
          queue,
          `keep the images of release ${go.releases.join(', ')}`,
        )(activityContext, go.releases),
      );
    await all(hostsOf(stack, taskQueue), (host) => hold(host.taskQueue)).catch((error: Error) =>
      compensation.leftBehind.push(`images of kept releases: ${toProblem(error).message}`),
    );
  }
}

/** Names of the superseded instances of the services that pass the test. */
export function supersededInstances({ phases }: Plan, of: (service: string) => boolean): Set<string> {
  return new Set(
    servicesOf(phases)
      .filter(({ name }) => of(name))
      .flatMap(({ superseded }) => superseded),
  );
}

/** Removals of retired instances, several per step. */
function removals(steps: Step[]): Lane[] {
  const lanes = steps.filter((step) => step.kind === 'remove').map((step) => [step]);
  return patched(patches.removeTogether) ? together(lanes) : lanes;
}
