import { allHandlersFinished, CancellationScope, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import type { PortProblem } from '../activities/contract';
import type { HostPlace } from '../model/host';
import { portsOf, type SharedRoute } from '../model/traffic';
import {
  conflictsOf,
  isTooMany,
  servedRoutes,
  withClaim,
  withoutHolder,
  withSettlement,
} from '../plan/traffic/route-claims';
import { toProblem } from './deployment/steps/failure';
import { isTrouble } from './deployment/steps/platform-retry';
import { activity } from './support/activity-options';
import { admit } from './support/admit';
import { accepts } from './support/listen';
import { forEachGone } from './support/gone';
import {
  claimRoutesUpdate,
  settleRoutesUpdate,
  sharedBalancerQuery,
  taskQueue,
  watchQueue,
  type ClaimAnswer,
  type SharedBalancerState,
} from './messages';
import { inputs, shapes } from './messages/shapes';
import { waitUntil } from './support/serialised-events';

const firstClaimMs = 10_000;
/** How long a claim waits: images are pulled meanwhile. */
const claimMs = 600_000;
/** How long the end of a deployment waits; the change is made later then. */
const settleMs = 60_000;
const firstRetryMs = 1000;
const longestRetryMs = 30_000;
/** How often it checks whether deployments that hold routes still run. */
const checkMs = 3_600_000;

/**
 * Owns the routes of a host's shared load balancer, first come, first served, and keeps the load balancer in line with
 * them: one writer, so deployments of different stacks never change it at the same time. Ends with the last route.
 */
export async function sharedBalancer(place: HostPlace, before?: SharedBalancerState): Promise<void> {
  admit(place, inputs.host, 'sharedBalancer');
  const owner = new SharedBalancer(
    place,
    admit(before ?? { ports: [], claims: [] }, inputs.sharedBalancerState, 'sharedBalancer'),
  );
  setHandler(sharedBalancerQuery, () => owner.state);
  setHandler(claimRoutesUpdate, (claim) => owner.claim(claim), { validator: accepts(shapes.routeClaim) });
  setHandler(settleRoutesUpdate, (settlement) => owner.settle(settlement), {
    validator: accepts(shapes.routeSettlement),
  });
  await waitUntil(() => owner.state.claims.length > 0, firstClaimMs, 'wait for the first claim');
  for (;;) {
    await owner.apply();
    if ((owner.isDone || workflowInfo().continueAsNewSuggested) && !owner.isBehind) {
      await waitUntil(() => allHandlersFinished() || owner.isBehind);
      if (owner.isDone) return;
      if (!owner.isBehind) return continueAsNew<typeof sharedBalancer>(place, owner.state);
    }
    await owner.rest();
  }
}

class SharedBalancer {
  /** Counts the changes; the first application makes good what a former run left. */
  private wanted = 1;
  private applied = 0;
  private retryMs = firstRetryMs;
  /** What prevented the last application, by port. */
  private problems: PortProblem[] = [];
  /** Why the platform did not answer. */
  private trouble?: string;
  private differs = false;

  constructor(
    private readonly place: HostPlace,
    readonly state: SharedBalancerState,
  ) {}

  /** Nothing is claimed, and the load balancer is gone. */
  get isDone(): boolean {
    return this.state.claims.length === 0 && !this.hasFailed && !this.isBehind;
  }

  get isBehind(): boolean {
    return this.applied < this.wanted;
  }

  private get hasFailed(): boolean {
    return this.problems.length > 0 || this.trouble !== undefined;
  }

  async claim(claim: Parameters<typeof withClaim>[1]): Promise<ClaimAnswer> {
    if (conflictsOf(claim, this.state.claims).length > 0) await this.forgetGone();
    const taken = conflictsOf(claim, this.state.claims);
    if (taken.length > 0) return { taken };
    if (isTooMany(claim, this.state.claims)) return { taken, problem: 'the host has too many routes; remove some' };
    const problem = await this.change(withClaim(this.state.claims, claim), claim.routes, claimMs);
    return { taken, ...(problem !== undefined && { problem }) };
  }

  settle(settlement: Parameters<typeof withSettlement>[1]): Promise<string | undefined> {
    return this.change(withSettlement(this.state.claims, settlement), settlement.routes ?? [], settleMs);
  }

  /** Brings the load balancer into line with the claims. A failure of the platform is tried again. */
  async apply(): Promise<void> {
    const { wanted } = this;
    const served = servedRoutes(this.state.claims);
    const ports = portsOf(served);
    const former = [...new Set([...this.state.ports, ...ports])];
    this.state.ports = former;
    const apply = activity('applySharedBalancer', taskQueue, 'bring the shared load balancer into line');
    try {
      this.problems = await apply(this.place, served, former);
      this.trouble = undefined;
      this.applied = wanted;
      if (this.hasFailed) return;
      this.state.ports = ports;
      this.retryMs = firstRetryMs;
    } catch (error) {
      this.trouble = toProblem(error).message;
      if (!isTrouble(error)) this.applied = wanted;
    }
  }

  /** Waits until there is something to do: a change, a difference, a retry, or a check of the holders. */
  async rest(): Promise<void> {
    const { wanted } = this;
    const failed = this.hasFailed;
    if (this.isBehind && !failed) return;
    const watch = new CancellationScope();
    if (!failed) this.follow(watch);
    const isChanged = () => this.wanted !== wanted || this.differs;
    const woken = await waitUntil(isChanged, failed ? this.retryMs : checkMs, 'look after the shared load balancer');
    watch.cancel();
    this.differs = false;
    if (failed) this.retryMs = Math.min(this.retryMs * 2, longestRetryMs);
    else if (!woken) await this.forgetGone();
  }

  private follow(watch: CancellationScope): void {
    const served = servedRoutes(this.state.claims);
    const differs = watch.run(() =>
      activity('watchSharedBalancer', watchQueue, 'watch the shared load balancer')(this.place, served),
    );
    void differs.then(
      () => (this.differs = true),
      () => undefined,
    );
  }

  /** Resolves once the change has been applied, or with the reason why it cannot be. */
  private async change(
    claims: SharedBalancerState['claims'],
    routes: readonly SharedRoute[],
    limitMs: number,
  ): Promise<string | undefined> {
    const isSame = JSON.stringify(servedRoutes(claims)) === JSON.stringify(servedRoutes(this.state.claims));
    this.state.claims = claims;
    if (isSame && !this.isBehind && !this.hasFailed) return undefined;
    this.wanted += 1;
    const { wanted } = this;
    const isDone = await waitUntil(() => this.applied >= wanted, limitMs, 'wait for the shared load balancer');
    if (!isDone) return this.trouble ?? 'it is not done yet';
    return this.trouble ?? this.problems.find(({ port }) => routes.some((route) => route.port === port))?.message;
  }

  private async forgetGone(): Promise<void> {
    const holders = this.state.claims.flatMap(({ held }) => (held ? [held.workflowId] : []));
    await forEachGone(holders, (workflowId) => {
      this.state.claims = withoutHolder(this.state.claims, workflowId);
      this.wanted += 1;
    });
  }
}
