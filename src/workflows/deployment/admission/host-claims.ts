import { workflowInfo } from '@temporalio/workflow';
import { placeOf } from '../../../model/stack/runtime-of';
import type { BreakerSettings, Stack } from '../../../model/stack';
import type { Claimed, HostBreaker, HostPlace } from '../../../model/host';
import { claimsOf, withClaims } from '../../../plan/hosts/claims';
import type { StackObservation } from '../../../plan/hosts/view';
import type { Plan } from '../../../plan/plan';
import type { Planning } from '../../../plan/planner';
import { activity } from '../../support/activity-options';
import { all, hostsOf } from '../../hosts';
import { listen } from '../../support/listen';
import { hostId, hostWordSignal, type HostWord } from '../../messages';
import { isOpen } from '../../support/breaker';
import { shapes } from '../../messages/shapes';
import { waitUntil } from '../../support/serialised-events';

const answerMs = 20_000;
const noBreaker: BreakerSettings = { threshold: 0, recoveryMs: 0 };

/** A plan whose ports and resources are claimed, with the observation it is based on. */
export interface Secured {
  planning: Planning;
  observed: StackObservation;
}

/** A deployment's claims and reports to the workflows of its hosts. */
export class HostClaims {
  private readonly answers = new Map<string, HostWord>();
  private readonly claimed = new Map<string, HostPlace>();
  private breakers: Promise<Record<string, HostBreaker>> = Promise.resolve({});
  private round = 0;
  private seenAt = 0;

  constructor(private readonly taskQueue: string) {
    listen(hostWordSignal, shapes.hostWord, (answer) => void this.answers.set(answer.host, answer));
  }

  /** Whether the claims are made; they hold until the deployment ends. */
  get areMade(): boolean {
    return this.round > 0;
  }

  /**
   * Starts to read the circuit breakers of the hosts before an observation. Only a failing call waits for the answer.
   */
  beginObservation(stack: Stack): void {
    this.seenAt = Date.now();
    const ids = hostsOf(stack, this.taskQueue).map((host) => hostId(placeOf(host, stack)));
    this.breakers = activity(
      'readHostBreakers',
      this.taskQueue,
      'read the circuit breakers of the hosts',
    )(ids).catch(() => ({}));
  }

  /** A message about the open circuit breaker of a host; undefined if it is closed or due for another attempt. */
  async openBreaker(stack: Stack, taskQueue: string): Promise<string | undefined> {
    const name = hostsOf(stack, this.taskQueue).find((host) => host.taskQueue === taskQueue)?.name;
    const breaker = (await this.breakers)[hostId(placeOf({ name }, stack))];
    if (!breaker || !isOpen(breaker, Date.now())) return undefined;
    const until = new Date(breaker.openedAt! + breaker.recoveryMs).toISOString().slice(0, 16).replace('T', ' ');
    return (
      `the circuit breaker of ${name === undefined ? 'the host' : `the host ${name}`} is open: ` +
      `${breaker.failures} deployments in a row failed because of it; ` +
      `try again after ${until} UTC, or pass --force`
    );
  }

  /**
   * Claims the ports and resources of a plan, and plans again around earlier claims. Resolves with the final plan and
   * the observation it is based on, which includes those claims.
   */
  async secure(
    stack: Stack,
    observed: StackObservation,
    by: string,
    planned: Planning,
    replan: (observed: StackObservation) => Promise<Planning>,
  ): Promise<Secured> {
    let secured: Secured = { planning: planned, observed };
    for (let counted = ''; ;) {
      const others = await this.claim(secured.planning.plan, stack, observed, by);
      const found = JSON.stringify([...others]);
      if (found === counted || !hasConflict(secured.planning.plan, stack, others)) return secured;
      counted = found;
      const around = withClaims(observed, others);
      secured = { planning: await replan(around), observed: around };
      if (secured.planning.refusals.length > 0) return secured;
    }
  }

  /**
   * Claims, and resolves with the earlier claims of others by task queue. After a timeout it goes on without an answer:
   * Docker itself refuses a port in use.
   */
  private async claim(
    plan: Plan,
    stack: Stack,
    { views }: StackObservation,
    by: string,
  ): Promise<Map<string, Claimed[]>> {
    const claims = claimsOf(plan, stack);
    this.round += 1;
    const { round } = this;
    const { workflowId } = workflowInfo();
    const asked = views
      .filter(({ taskQueue }) => claims.has(taskQueue))
      .map((view) => ({ place: placeOf(view, stack), taskQueue: view.taskQueue }));
    await all(asked, async ({ place, taskQueue }) => {
      this.claimed.set(hostId(place), place);
      await activity(
        'claimHost',
        this.taskQueue,
        `claim ports and resources of ${hostId(place)}`,
      )(place, { ...claims.get(taskQueue)!, workflowId, by, round, seenAt: this.seenAt });
    });
    const answerOf = (place: HostPlace) => {
      const answer = this.answers.get(hostId(place));
      return answer?.round === round ? answer : undefined;
    };
    await waitUntil(() => asked.every(({ place }) => answerOf(place)), answerMs, 'wait for the claims of others');
    return new Map(asked.map(({ place, taskQueue }) => [taskQueue, answerOf(place)?.others ?? []]));
  }

  /**
   * Ends the claims: the resources are in use by now, or given up. Reports to the hosts; `lost`: their failures by
   * task queue.
   */
  async release(stack: Stack, kept: boolean, lost: ReadonlyMap<string, string>): Promise<void> {
    const { workflowId } = workflowInfo();
    const before = await this.breakers;
    const { circuitBreaker = noBreaker } = stack.deployment;
    await all(hostsOf(stack, this.taskQueue), async (host) => {
      const place = placeOf(host, stack);
      const trouble = lost.get(host.taskQueue);
      if (trouble === undefined && !this.claimed.has(hostId(place)) && !before[hostId(place)]) return;
      await activity(
        'reportHost',
        this.taskQueue,
        `report the outcome to ${hostId(place)}`,
      )(place, { workflowId, kept, breaker: circuitBreaker, ...(trouble !== undefined && { trouble }) }).catch(
        () => undefined,
      );
    });
  }
}

/** Whether others claim ports of the plan, or resources that the plan may not have counted. */
function hasConflict(plan: Plan, stack: Stack, others: ReadonlyMap<string, Claimed[]>): boolean {
  const claims = claimsOf(plan, stack);
  return [...others].some(([taskQueue, before]) => {
    const { ports, reserve } = claims.get(taskQueue)!;
    return before.some(
      (other) =>
        other.ports.some((port) => ports.includes(port)) ||
        (Object.keys(reserve).length > 0 && Object.keys(other.reserve).length > 0),
    );
  });
}
