import { getExternalWorkflowHandle, patched } from '@temporalio/workflow';
import { asPast } from '../../plan/service/job-runs';
import { activity } from '../support/activity-options';
import {
  cancelSignal,
  goSignal,
  isOn,
  queuedSignal,
  taskQueue,
  turnedAwaySignal,
  type Act,
  type EnvironmentState,
  type FinishedReport,
  type Freeze,
  type JoinRequest,
  type Outcome,
  type Queued,
  type WatchPause,
} from '../messages';
import { toProblem, type ActivityProblem } from '../deployment/steps/failure';
import { patches } from '../support/patches';
import { Reporter } from '../support/reporter';
import { serialised } from '../support/serialised-events';
import { countEnd, forbids, goesPast, heldBack, turnAway } from './admission';
import { recall } from './recall';
import { EnvironmentRecords } from './records';

const remembered = 20;
const rememberedRuns = 200;
const shortestWaitMs = 10;
const tryAgainMs = 15_000;

type Handle = ReturnType<typeof getExternalWorkflowHandle>;

/** What the environment remembers: numbers and ids, never a stack. */
export class EnvironmentMemory {
  /** Counts what happened, so that the main loop sees it. */
  changes = 0;
  /** Why nothing can begin at all for now. */
  private trouble?: string;
  /** What those who wait were told last. */
  private readonly told = new Map<string, string>();
  /** What deployments are yet to be told, in order. */
  private readonly decisions: { workflowId: string; signal: (handle: Handle) => Promise<void> }[] = [];

  readonly records: EnvironmentRecords;

  constructor(readonly state: EnvironmentState) {
    this.records = new EnvironmentRecords(state);
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
    if (why !== undefined) return this.sendAway(request, why);
    this.state.runtime = request.runtime;
    if (asked) this.state.breaker = { failures: 0, ...this.state.breaker, ...asked.breaker };
    this.state.queue.push(request);
  }

  leave(workflowId: string): void {
    this.state.queue = this.state.queue.filter((request) => request.workflowId !== workflowId);
    this.changes += 1;
  }

  commit(workflowId: string, deployment: number, release: number | undefined): void {
    if (this.state.running?.workflowId !== workflowId) return;
    this.state.current = { deployment, release, at: Date.now() };
    if (release !== undefined) this.state.numbers.release = Math.max(this.state.numbers.release, release);
  }

  finish({ workflowId, deployment, outcome, jobs, releases, schedules, settings, hosts }: FinishedReport): void {
    const { state } = this;
    if (state.running?.workflowId !== workflowId) return;
    for (const { service, hash, failed } of jobs) if (!failed) state.jobs[service] = hash;
    state.runs = [...state.runs, ...asPast(jobs, deployment)].slice(-rememberedRuns);
    state.releases = releases;
    if (schedules) state.schedules = schedules;
    if (settings !== undefined) Object.assign(state, { settings, hosts });
    this.ended(deployment, outcome, state.current?.release);
    this.changes += 1;
  }

  freeze(freeze: Freeze | undefined): void {
    this.state.freeze = freeze;
    this.changes += 1;
    if (freeze) this.records.note(freeze.by, 'freeze', freeze.reason);
  }

  thaw(act: Act | undefined): void {
    this.freeze(undefined);
    if (act) this.records.noteAct(act, 'thaw');
  }

  resumeWatch(act: Act | undefined): void {
    this.pauseWatch(undefined);
    if (act) this.records.noteAct(act, 'watch resume');
  }

  pauseWatch(pause: WatchPause | undefined): void {
    this.state.watchPause = pause;
    this.changes += 1;
    if (pause) this.records.note(pause.by, 'watch pause', pause.reason);
  }

  /** What labels and visibility know, where this workflow has no memory of its own. */
  async recall(): Promise<void> {
    const [first] = this.state.queue;
    const recollection = await recall(this.state, first).catch((error: Error) =>
      this.cannotSee(first, toProblem(error)),
    );
    if (!recollection) return;
    const { deployment, release, releases, committed, runs } = recollection;
    this.trouble = undefined;
    Object.assign(this.state, { numbers: { deployment, release }, releases, runs, current: committed });
  }

  /** What only a person can mend ends the request; everything else is tried again. */
  private cannotSee(asked: JoinRequest | undefined, { type, message }: ActivityProblem): undefined {
    const why = `what runs cannot be observed: ${message}`;
    const isFinal = type === 'SoftwareFault' && asked !== undefined && patched(patches.refusesTheUnseen);
    this.trouble = isFinal ? undefined : why;
    if (!isFinal) return undefined;
    this.state.queue = this.state.queue.filter((each) => each !== asked);
    this.sendAway(asked, why);
    return undefined;
  }

  /** Somebody waits, and no deployment has had the word yet. */
  knowsNothing(): boolean {
    return this.state.queue.length > 0 && this.state.numbers.deployment === 0;
  }

  /** Who may not begin any more by now does not wait for it. */
  sortOut(): void {
    const now = Date.now();
    if (this.state.freeze && !isOn(this.state.freeze, now)) this.state.freeze = undefined;
    for (const request of this.state.queue) {
      const why = forbids(request, this.state, now);
      if (why !== undefined) this.sendAway(request, why);
    }
    this.state.queue = this.state.queue.filter((request) => forbids(request, this.state, now) === undefined);
    this.supersede(now);
  }

  async tellDecisions(): Promise<void> {
    for (let next = this.decisions.shift(); next; next = this.decisions.shift())
      await tell(next.workflowId, next.signal);
  }

  /** Gives the word to the next in the queue that may begin, and tells the others what they wait for. */
  async giveWord(): Promise<void> {
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

  /**
   * A deployment that was terminated or timed out never reports; it counts as failed. One that is superseded and cannot
   * take that in is terminated.
   */
  async checkRunning(due: boolean): Promise<void> {
    const { running, queue } = this.state;
    if (!running || !(due || queue.length > 0)) return;
    const { workflowId, deployment, supersededBy } = running;
    const asked =
      supersededBy !== undefined && patched(patches.endsStuck)
        ? activity(
            'endIfStuck',
            taskQueue,
            `see that deployment ${deployment} comes to its end`,
          )(workflowId, supersededBy)
        : activity('isRunning', taskQueue, `ask whether deployment ${deployment} still runs`)(workflowId);
    if (await asked.catch(() => true)) return;
    if (this.state.running !== running) return;
    this.ended(running.deployment, 'lost', undefined);
    this.records.noteLost(running);
  }

  /** Until a freeze or a window is over for somebody who waits, or until it is worth another try, in ms. */
  nextEventMs(): number {
    if (this.trouble !== undefined) return tryAgainMs;
    const now = Date.now();
    const ends = this.state.queue.flatMap((request) => heldBack(request, this.state, now)?.until ?? []);
    const resumes = this.state.watchPause?.until ?? Infinity;
    return Math.max(shortestWaitMs, Math.min(...ends, resumes > now ? resumes : Infinity) - now);
  }

  /** Nothing runs, nothing waits, nothing was ever committed, nothing is forbidden: there is nothing to remember. */
  isEmpty(): boolean {
    const { running, queue, current, releases, freeze, breaker, acts = [] } = this.state;
    const frozen = freeze !== undefined && isOn(freeze, Date.now());
    return (
      !running &&
      queue.length === 0 &&
      acts.length === 0 &&
      this.decisions.length === 0 &&
      !current &&
      releases.length === 0 &&
      !frozen &&
      breaker?.openedAt === undefined
    );
  }

  /** The first that nothing holds back. */
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

  /** Looks at the clock of the place once more: a window may have opened since it asked. */
  private async meetsWindow({ asked }: JoinRequest): Promise<boolean> {
    if (!asked?.windows || asked.force) return false;
    asked.window = await activity(
      'findOpenWindow',
      taskQueue,
      'look whether a freeze window is open',
    )(asked.windows).catch(() => undefined);
    if (!asked.window) return false;
    this.sortOut();
    return true;
  }

  private isNews(workflowId: string, waits: Queued): boolean {
    const text = JSON.stringify(waits);
    if (patched(patches.attentiveEnvironment) && this.told.get(workflowId) === text) return false;
    this.told.set(workflowId, text);
    return true;
  }

  /**
   * The newest that may begin wins: what runs is rolled back to a clean point first, and what waited before it never
   * begins.
   */
  private supersede(now: number): void {
    const { running, queue } = this.state;
    const index = queue.findLastIndex(
      (request) => request.asked?.whenBusy === 'supersede' && !heldBack(request, this.state, now),
    );
    const asked = queue[index]?.asked;
    if (!asked) return;
    const newer = `a newer request of ${asked.by}${asked.reason ? ` (${asked.reason})` : ''}`;
    for (const request of queue.splice(0, index)) this.sendAway(request, `superseded by ${newer}`);
    asked.whenBusy = 'queue';
    if (running) running.supersededBy = newer;
    if (running)
      this.decisions.push({
        workflowId: running.workflowId,
        signal: (handle) => handle.signal(cancelSignal, { by: newer, killJobs: false }),
      });
  }

  private sendAway({ workflowId }: JoinRequest, why: string): void {
    this.changes += 1;
    this.decisions.push({ workflowId, signal: (handle) => handle.signal(turnedAwaySignal, why) });
  }

  private tellBreaker(deployment: number, open: boolean, failures: number): void {
    const { place, watch } = this.state;
    new Reporter(place, watch?.subscribers).report(deployment, { code: 'breaker.changed', data: { open, failures } });
  }

  private ended(deployment: number, outcome: Outcome | 'lost', release: number | undefined): void {
    const { state } = this;
    const past = state.running?.past;
    state.recent = [...state.recent, { deployment, outcome, release, ...(past !== undefined && { past }) }].slice(
      -remembered,
    );
    state.running = undefined;
    if (state.watch?.sentBackUntil !== undefined) state.watch.sentBackUntil = 0;
    const before = state.breaker;
    state.breaker = countEnd(before, outcome, Date.now());
    const open = state.breaker?.openedAt !== undefined;
    if (state.breaker && open !== (before?.openedAt !== undefined))
      this.tellBreaker(deployment, open, state.breaker.failures);
  }
}

async function tell(workflowId: string, signal: (handle: Handle) => Promise<void>): Promise<boolean> {
  return serialised(signal(getExternalWorkflowHandle(workflowId))).then(
    () => true,
    () => false,
  );
}
