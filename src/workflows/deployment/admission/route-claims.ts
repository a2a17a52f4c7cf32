import { workflowInfo } from '@temporalio/workflow';
import type { Stack } from '../../../model/stack';
import { isUp } from '../../../model/observation';
import { balancerName, type SharedRoute } from '../../../model/traffic';
import { placeOf } from '../../../model/stack/runtime-of';
import type { StackObservation } from '../../../plan/hosts/view';
import type { Intent, Refusal } from '../../../plan/plan';
import { refuseTaken, sharedRoutesOf } from '../../../plan/traffic/shared-routes';
import { activity } from '../../support/activity-options';

/** A deployment's claim to routes at the shared load balancer of its host. */
export class RouteClaims {
  /** The routes of the environment after a commit; undefined if it neither has nor wants any. */
  private wanted?: SharedRoute[];
  private isSettled = false;

  constructor(private readonly taskQueue: string) {}

  /** Claims the routes of a stack beside those that its environment has. Resolves with what stands against it. */
  async claim(stack: Stack, intent: Intent, { views }: StackObservation): Promise<Refusal[]> {
    const { name, environment } = stack;
    const had = views
      .flatMap(({ observation }) => observation.shared ?? [])
      .find((each) => each.stack === name && each.environment === environment);
    const stops = intent.kind === 'stop' && !intent.services;
    const asked = stops ? [] : sharedRoutesOf(stack);
    if (asked.length === 0 && !had) return [];
    this.wanted = intent.services && had ? [...asked, ...had.routes] : asked;
    if (asked.length === 0) return [];
    const { taken, problem } = await activity(
      'claimRoutes',
      this.taskQueue,
      'claim routes at the shared load balancer',
    )(placeOf({}, stack), { stack: name, environment, workflowId: workflowInfo().workflowId, routes: this.wanted });
    if (taken.length > 0) return refuseTaken(stack, taken);
    const port = stack.front!.shared!.port;
    const isOwn = views.some(({ observation: { instances } }) =>
      instances.some(
        (each) => each.service === balancerName && isUp(each) && each.ports.some(({ host }) => host === port),
      ),
    );
    if (problem === undefined || isOwn) return [];
    return [
      { path: 'infrastructure.load_balancer.shared', message: `the shared load balancer cannot serve: ${problem}` },
    ];
  }

  /** The environment has the routes of the stack from now on. Resolves with the reason if they are not served. */
  async commit(stack: Stack): Promise<string | undefined> {
    if (this.wanted === undefined) return undefined;
    this.isSettled = true;
    return this.settle(stack, this.wanted);
  }

  /** The environment keeps the routes that it had, unless a commit has settled that. */
  async restore(stack: Stack): Promise<void> {
    if (this.wanted === undefined || this.isSettled) return;
    await this.settle(stack).catch(() => undefined);
  }

  private settle(stack: Stack, routes?: SharedRoute[]): Promise<string | undefined> {
    const { name, environment } = stack;
    return activity(
      'settleRoutes',
      this.taskQueue,
      'settle the routes at the shared load balancer',
    )(placeOf({}, stack), {
      stack: name,
      environment,
      workflowId: workflowInfo().workflowId,
      ...(routes && { routes }),
    });
  }
}
