import { patched } from '@temporalio/workflow';
import type { Happening } from '../../model/events';
import { asPast, withRuns } from '../../plan/service/job-runs';
import { activity } from '../support/activity-options';
import {
  isOn,
  taskQueue,
  type Act,
  type EnvironmentState,
  type FinishedReport,
  type Freeze,
  type JoinRequest,
  type Outcome,
  type WatchPause,
} from '../messages';
import { toProblem, type ActivityProblem } from '../deployment/steps/failure';
import { patches } from '../support/patches';
import { Reporter } from '../support/reporter';
import { requireStatements } from '../support/statements';
import { countEnd, heldBack } from './admission';
import { DeploymentQueue } from './queue';
import { recall } from './recall';
import { EnvironmentRecords } from './records';
import { StoredSecrets } from './stored-secrets';

const remembered = 20;
const rememberedRuns = 200;
const shortestWaitMs = 10;
const tryAgainMs = 15_000;

/** The state of an environment: numbers and ids, never a stack. */
export class EnvironmentMemory {
  readonly queue: DeploymentQueue;
  readonly records: EnvironmentRecords;
  readonly secrets: StoredSecrets;
  private ownChanges = 0;

  constructor(readonly state: EnvironmentState) {
    this.queue = new DeploymentQueue(state);
    this.records = new EnvironmentRecords(state);
    this.secrets = new StoredSecrets(state, this.records);
  }

  /** Counts changes, for the main loop. */
  get changes(): number {
    return this.ownChanges + this.queue.changes;
  }

  /** The state for clients, without ciphertexts. */
  get shown(): EnvironmentState {
    const { secrets: _, ...shown } = this.state;
    return shown;
  }

  noteChange(): void {
    this.ownChanges += 1;
  }

  /** Signals have no answer: clients read here why theirs had no effect. */
  noteRefusal(why: string): void {
    this.state.refused = { count: (this.state.refused?.count ?? 0) + 1, why };
  }

  /** Makes a change of which the main loop has to know. */
  change(make: () => void): void {
    make();
    this.noteChange();
  }

  commit(workflowId: string, deployment: number, release: number | undefined): void {
    if (this.state.running?.workflowId !== workflowId) return;
    this.state.current = { deployment, release, at: Date.now() };
    if (release !== undefined) this.state.numbers.release = Math.max(this.state.numbers.release, release);
  }

  finish(report: FinishedReport): void {
    const { workflowId, deployment, outcome, jobs, completed, releases, schedules, settings, hosts } = report;
    const { statements } = report;
    const { state } = this;
    if (state.running?.workflowId !== workflowId) return;
    for (const { service, hash, failed } of jobs) if (!failed) state.jobs[service] = hash;
    Object.assign(state.jobs, completed);
    state.applied = withRuns(state.applied, report);
    state.runs = [...state.runs, ...asPast(jobs, deployment)].slice(-rememberedRuns);
    state.releases = releases;
    if (schedules) state.schedules = schedules;
    if (settings !== undefined)
      Object.assign(state, { settings, hosts, ...(statements !== undefined && { statements }) });
    requireStatements(state.statements ?? false);
    this.ended(deployment, outcome, state.current?.release);
    this.ownChanges += 1;
  }

  freeze(freeze: Freeze | undefined): void {
    this.state.freeze = freeze;
    this.ownChanges += 1;
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
    this.ownChanges += 1;
    if (pause) this.records.note(pause.by, 'watch pause', pause.reason);
  }

  /** Recovers numbers from labels and Temporal's visibility store, if this workflow has no state yet. */
  async recall(): Promise<void> {
    const [first] = this.state.queue;
    const recollection = await recall(this.state, first).catch((error: Error) =>
      this.cannotSee(first, toProblem(error)),
    );
    if (!recollection) return;
    const { deployment, release, releases, committed, runs } = recollection;
    this.queue.trouble = undefined;
    Object.assign(this.state, { numbers: { deployment, release }, releases, runs, current: committed });
  }

  /** An error that only a person can fix ends the request; everything else is retried. */
  private cannotSee(asked: JoinRequest | undefined, { type, message }: ActivityProblem): undefined {
    const why = `what runs cannot be observed: ${message}`;
    const isFinal = type === 'SoftwareFault' && asked !== undefined && patched(patches.refusesTheUnseen);
    this.queue.trouble = isFinal ? undefined : why;
    if (!isFinal) return undefined;
    this.state.queue = this.state.queue.filter((each) => each !== asked);
    this.queue.refuse(asked, why);
    return undefined;
  }

  /** Somebody waits, and the numbers have not been recovered. */
  knowsNothing(): boolean {
    return this.state.queue.length > 0 && this.state.numbers.deployment === 0;
  }

  /**
   * A deployment that was terminated or timed out never reports; it counts as failed. A superseded one that does not
   * react is terminated.
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

  /** Time until a freeze or a window ends for a waiting deployment, or until the next try; in ms. */
  nextEventMs(): number {
    if (this.queue.trouble !== undefined) return tryAgainMs;
    const now = Date.now();
    const ends = this.state.queue.flatMap((request) => heldBack(request, this.state, now)?.until ?? []);
    const resumes = this.state.watchPause?.until ?? Infinity;
    return Math.max(shortestWaitMs, Math.min(...ends, resumes > now ? resumes : Infinity) - now);
  }

  /** Whether there is nothing to remember: nothing runs, waits, was committed or is forbidden. */
  isEmpty(): boolean {
    const { running, current, releases, freeze, breaker, acts = [] } = this.state;
    const frozen = freeze !== undefined && isOn(freeze, Date.now());
    return (
      !running &&
      this.queue.isEmpty &&
      acts.length === 0 &&
      this.secrets.isEmpty &&
      !current &&
      releases.length === 0 &&
      !frozen &&
      breaker?.openedAt === undefined
    );
  }

  /** Reports an event of a deployment; default the one that is watched. */
  report(happening: Happening, deployment = this.state.watch?.deployment ?? 0): void {
    const { place, watch } = this.state;
    new Reporter(place, watch?.subscribers).report(deployment, happening);
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
      this.report({ code: 'breaker.changed', data: { open, failures: state.breaker.failures } }, deployment);
  }
}
