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

/** A plan whose ports and room nobody else takes, and the world that it was made for. */
export interface Secured {
  planning: Planning;
  world: StackObservation;
}

/** What a deployment asks of the owners of its hosts, and tells them. */
export class HostClaims {
  private readonly words = new Map<string, HostWord>();
  private readonly claimed = new Map<string, HostPlace>();
  private breakers: Promise<Record<string, HostBreaker>> = Promise.resolve({});
  private round = 0;
  private seenAt = 0;

  constructor(private readonly taskQueue: string) {
    listen(hostWordSignal, shapes.hostWord, (word) => void this.words.set(word.host, word));
  }

  /** They hold until the deployment ends. */
  get areMade(): boolean {
    return this.round > 0;
  }

  /**
   * Before a look at the hosts: how they have fared until now. Nothing waits for the answer but who meets with trouble.
   */
  beginLook(stack: Stack): void {
    this.seenAt = Date.now();
    const ids = hostsOf(stack, this.taskQueue).map((host) => hostId(placeOf(host, stack)));
    this.breakers = activity('readHostBreakers', this.taskQueue, 'how the hosts have fared')(ids).catch(() => ({}));
  }

  /** Why it is of no use to wait for a host; nothing where its breaker is closed, or should try again. */
  async hopeless(stack: Stack, taskQueue: string): Promise<string | undefined> {
    const name = hostsOf(stack, this.taskQueue).find((host) => host.taskQueue === taskQueue)?.name;
    const breaker = (await this.breakers)[hostId(placeOf({ name }, stack))];
    if (!breaker || !isOpen(breaker, Date.now())) return undefined;
    const until = new Date(breaker.openedAt! + breaker.recoveryMs).toISOString().slice(0, 16).replace('T', ' ');
    return (
      `the circuit breaker of ${name === undefined ? 'the host' : `the host ${name}`} is open: ` +
      `${breaker.failures} deployments in a row failed by it; nothing ` +
      `waits for it before ${until} UTC, save with --force`
    );
  }

  /**
   * Claims what a plan takes; where others were first it is planned anew around them. Resolves with the world as it
   * will be then.
   */
  async secure(
    stack: Stack,
    world: StackObservation,
    by: string,
    planned: Planning,
    replan: (world: StackObservation) => Promise<Planning>,
  ): Promise<Secured> {
    let secured: Secured = { planning: planned, world };
    for (let counted = ''; ;) {
      const others = await this.claim(secured.planning.plan, stack, world, by);
      const found = JSON.stringify([...others]);
      if (found === counted || !isInTheWay(secured.planning.plan, stack, others)) return secured;
      counted = found;
      const around = withClaims(world, others);
      secured = { planning: await replan(around), world: around };
      if (secured.planning.refusals.length > 0) return secured;
    }
  }

  /**
   * What others had claimed before, by task queue. An owner that does not answer is not waited for: Docker refuses a
   * port that is taken.
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
        `claim ports and room of ${hostId(place)}`,
      )(place, { ...claims.get(taskQueue)!, workflowId, by, round, seenAt: this.seenAt });
    });
    const wordOf = (place: HostPlace) => {
      const word = this.words.get(hostId(place));
      return word?.round === round ? word : undefined;
    };
    await waitUntil(() => asked.every(({ place }) => wordOf(place)), answerMs, 'what others have claimed');
    return new Map(asked.map(({ place, taskQueue }) => [taskQueue, wordOf(place)?.others ?? []]));
  }

  /**
   * What was claimed is there by now, or given up. Tells how the hosts fared: `lost`, by task queue, what they failed
   * to do.
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
        `tell ${hostId(place)} how it went`,
      )(place, { workflowId, kept, breaker: circuitBreaker, ...(trouble !== undefined && { trouble }) }).catch(
        () => undefined,
      );
    });
  }
}

/** Others hold ports that the plan takes, or room that it may not have counted. */
function isInTheWay(plan: Plan, stack: Stack, others: ReadonlyMap<string, Claimed[]>): boolean {
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
