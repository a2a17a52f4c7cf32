import { getExternalWorkflowHandle, patched } from '@temporalio/workflow';
import {
  cancelSignal,
  goSignal,
  isOn,
  queuedSignal,
  taskQueue,
  turnedAwaySignal,
  type EnvironmentState,
  type JoinRequest,
  type Queued,
} from '../messages';
import { activity } from '../support/activity-options';
import { patches } from '../support/patches';
import { serialised } from '../support/serialised-events';
import { requireStatements } from '../support/statements';
import { forbids, goesPast, heldBack, turnAway } from './admission';

type Handle = ReturnType<typeof getExternalWorkflowHandle>;

/** The queue of an environment: which deployment begins next, and what the others are told. */
export class DeploymentQueue {
  /** Counts changes, for the main loop of the environment. */
  changes = 0;
  /** Why no deployment at all can begin. */
  trouble?: string;
  /** The last message to each waiting deployment. */
  private readonly told = new Map<string, string>();
  /** Messages that are still to be sent to deployments, in order. */
  private readonly decisions: { workflowId: string; signal: (handle: Handle) => Promise<void> }[] = [];

  constructor(private readonly state: EnvironmentState) {}

  /** Nothing waits, and everybody has been told. */
  get isEmpty(): boolean {
    return this.state.queue.length === 0 && this.decisions.length === 0;
  }

  join(request: JoinRequest): void {
    const { running, queue } = this.state;
    if (running?.workflowId === request.workflowId) return;
    const waiting = queue.findIndex(({ workflowId }) => workflowId === request.workflowId);
    if (waiting >= 0) {
      queue[waiting] = request;
      return;
    }
    this.changes += 1;
    const { asked } = request;
    const why = turnAway(request, this.state, Date.now());
    if (why !== undefined) return this.refuse(request, why);
    this.state.runtime = request.runtime;
    if (request.statements) this.protect();
    if (asked) this.state.breaker = { failures: 0, ...this.state.breaker, ...asked.breaker };
    this.state.queue.push(request);
  }

  /** From now on, people's messages to the environment need a statement of a server. */
  private protect(): void {
    this.state.statements = true;
    requireStatements();
  }

  leave(workflowId: string): void {
    this.state.queue = this.state.queue.filter((request) => request.workflowId !== workflowId);
    this.changes += 1;
  }

  /** Refuses the requests that may no longer begin, and lets a newer one supersede the older ones. */
  refuseForbidden(): void {
    const now = Date.now();
    if (this.state.freeze && !isOn(this.state.freeze, now)) this.state.freeze = undefined;
    for (const request of this.state.queue) {
      const why = forbids(request, this.state, now);
      if (why !== undefined) this.refuse(request, why);
    }
    this.state.queue = this.state.queue.filter((request) => forbids(request, this.state, now) === undefined);
    this.supersede(now);
  }

  async sendDecisions(): Promise<void> {
    for (let next = this.decisions.shift(); next; next = this.decisions.shift())
      await tell(next.workflowId, next.signal);
  }

  /** Lets the next request begin that may, and tells the others why they wait. */
  async admitNext(): Promise<void> {
    const { state } = this;
    for (let next = await this.takeNext(); next; next = await this.takeNext()) {
      const { workflowId, asked } = next;
      const past = goesPast(next, state, Date.now());
      state.numbers.deployment += 1;
      const deployment = state.numbers.deployment;
      state.running = { workflowId, deployment, ...(asked && { asked }), ...(past !== undefined && { past }) };
      const go = {
        deployment,
        release: { from: state.current?.release, next: state.numbers.release + 1 },
        committed: state.current?.deployment ?? 0,
        releases: state.releases,
        jobs: state.jobs,
        ...(state.applied && { applied: state.applied }),
        ...(past !== undefined && { past }),
        ...(state.schedules && { schedules: state.schedules }),
        ...(state.settings !== undefined && { settings: state.settings }),
        ...(state.hosts && { hosts: state.hosts }),
      };
      if (!(await tell(workflowId, (handle) => handle.signal(goSignal, go)))) state.running = undefined;
    }
    for (const request of state.queue) {
      const held = this.trouble ?? heldBack(request, state, Date.now())?.text;
      const waits = { ...(state.running && { behind: state.running.deployment }), ...(held !== undefined && { held }) };
      if (Object.keys(waits).length > 0 && this.isNews(request.workflowId, waits))
        await tell(request.workflowId, (handle) => handle.signal(queuedSignal, waits));
    }
  }

  /** Removes the first request from the queue that nothing holds back. */
  private async takeNext(): Promise<JoinRequest | undefined> {
    const { state } = this;
    if (state.running || this.trouble !== undefined) return undefined;
    for (;;) {
      const request = state.queue.find((each) => !heldBack(each, state, Date.now()));
      if (!request) return undefined;
      if (await this.meetsWindow(request)) continue;
      if (!state.queue.includes(request)) continue;
      state.queue = state.queue.filter((each) => each !== request);
      this.told.delete(request.workflowId);
      return request;
    }
  }

  /** Whether a freeze window has opened since the request was made. */
  private async meetsWindow({ asked }: JoinRequest): Promise<boolean> {
    if (!asked?.windows || asked.force) return false;
    asked.window = await activity(
      'findOpenWindow',
      taskQueue,
      'look whether a freeze window is open',
    )(asked.windows).catch(() => undefined);
    if (!asked.window) return false;
    this.refuseForbidden();
    return true;
  }

  private isNews(workflowId: string, waits: Queued): boolean {
    const text = JSON.stringify(waits);
    if (patched(patches.attentiveEnvironment) && this.told.get(workflowId) === text) return false;
    this.told.set(workflowId, text);
    return true;
  }

  /** The newest request that supersedes wins: the running deployment is rolled back, older requests never begin. */
  private supersede(now: number): void {
    const { running, queue } = this.state;
    const index = queue.findLastIndex(
      (request) => request.asked?.whenBusy === 'supersede' && !heldBack(request, this.state, now),
    );
    const asked = queue[index]?.asked;
    if (!asked) return;
    const newer = `a newer request of ${asked.by}${asked.reason ? ` (${asked.reason})` : ''}`;
    for (const request of queue.splice(0, index)) this.refuse(request, `superseded by ${newer}`);
    asked.whenBusy = 'queue';
    if (running) running.supersededBy = newer;
    if (running) this.cancel(running.workflowId, newer);
  }

  /** A protected deployment is cancelled by a worker, which can state that it is the engine itself. */
  private cancel(workflowId: string, by: string): void {
    const order = { by, killJobs: false };
    this.decisions.push({
      workflowId,
      signal: (handle) =>
        this.state.statements
          ? activity('cancelDeployment', taskQueue, `cancel a deployment: superseded by ${by}`)(workflowId, by)
          : handle.signal(cancelSignal, order),
    });
  }

  refuse({ workflowId }: JoinRequest, why: string): void {
    this.changes += 1;
    this.decisions.push({ workflowId, signal: (handle) => handle.signal(turnedAwaySignal, why) });
  }
}

async function tell(workflowId: string, signal: (handle: Handle) => Promise<void>): Promise<boolean> {
  return serialised(signal(getExternalWorkflowHandle(workflowId))).then(
    () => true,
    () => false,
  );
}
