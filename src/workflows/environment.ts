import { allHandlersFinished, condition, continueAsNew, getExternalWorkflowHandle, setHandler, workflowInfo } from '@temporalio/workflow';
import { asPast } from '../plan/job-runs';
import { activity } from './activity-options';
import { committedSignal, environmentQuery, finishedSignal, goSignal, joinSignal, leaveSignal, queuedSignal, taskQueue, type EnvironmentState, type FinishedReport, type JoinRequest, type Place } from './messages';

const firstCheckMs = 30_000;
const longestCheckMs = 300_000;
const remembered = 20;
const rememberedRuns = 200;

/**
 * The lock of an environment, its queue and its memory: one deployment at a time has the word. It cannot leak:
 * now and then, and whenever somebody waits, Temporal is asked whether the running deployment still exists.
 */
export async function environment(place: Place, before?: EnvironmentState): Promise<void> {
  const memory = new EnvironmentMemory(before ?? { place, runtime: 'docker', numbers: { deployment: 0, release: 0 }, releases: [], jobs: {}, runs: [], queue: [], recent: [] });
  setHandler(environmentQuery, () => memory.state);
  setHandler(joinSignal, (request) => memory.join(request));
  setHandler(leaveSignal, (workflowId) => memory.leave(workflowId));
  setHandler(committedSignal, ({ workflowId, deployment, release }) => memory.commit(workflowId, deployment, release));
  setHandler(finishedSignal, (report) => memory.finish(report));

  await condition(() => memory.state.queue.length > 0 || before !== undefined);
  if (!before) await memory.recall();
  for (let check = firstCheckMs; ; ) {
    await memory.giveWord();
    if (memory.isEmpty()) return;
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      return continueAsNew<typeof environment>(place, memory.state);
    }
    const seen = memory.changes;
    const changed = await condition(() => memory.changes !== seen, memory.state.running ? check : longestCheckMs);
    check = changed ? firstCheckMs : Math.min(check * 2, longestCheckMs);
    await memory.checkRunning(!changed);
  }
}

/** What the environment remembers: numbers and ids, never a stack. */
class EnvironmentMemory {
  /** Counts what happened, so that the main loop sees it. */
  changes = 0;

  constructor(readonly state: EnvironmentState) {}

  join(request: JoinRequest): void {
    const { running, queue } = this.state;
    if (running?.workflowId === request.workflowId || queue.some(({ workflowId }) => workflowId === request.workflowId)) return;
    this.state.runtime = request.runtime;
    queue.push(request);
    this.changes += 1;
  }

  leave(workflowId: string): void {
    this.state.queue = this.state.queue.filter((request) => request.workflowId !== workflowId);
    this.changes += 1;
  }

  commit(workflowId: string, deployment: number, release: number | undefined): void {
    if (this.state.running?.workflowId !== workflowId) return;
    this.state.current = { deployment, release };
    if (release !== undefined) this.state.numbers.release = Math.max(this.state.numbers.release, release);
  }

  finish({ workflowId, deployment, outcome, jobs, releases }: FinishedReport): void {
    const { state } = this;
    if (state.running?.workflowId !== workflowId) return;
    for (const { service, hash, failed } of jobs) if (!failed) state.jobs[service] = hash;
    state.runs = [...state.runs, ...asPast(jobs, deployment)].slice(-rememberedRuns);
    state.releases = releases;
    this.remember({ deployment, outcome, release: state.current?.release });
    state.running = undefined;
    this.changes += 1;
  }

  /** What labels and visibility know, where this workflow has no memory of its own. */
  async recall(): Promise<void> {
    const { place, runtime } = this.state;
    const { deployment, release, releases, committed, runs } = await activity('recallEnvironment', taskQueue, 'recall the numbers of this environment')({ ...place, runtime });
    Object.assign(this.state, { numbers: { deployment, release }, releases, runs, current: committed });
  }

  /** Gives the word to the next in the queue, and tells the others behind whom they wait. */
  async giveWord(): Promise<void> {
    const { state } = this;
    while (!state.running && state.queue.length > 0) {
      const { workflowId } = state.queue.shift()!;
      state.numbers.deployment += 1;
      const deployment = state.numbers.deployment;
      state.running = { workflowId, deployment };
      const go = {
        deployment,
        release: { from: state.current?.release, next: state.numbers.release + 1 },
        committed: state.current?.deployment ?? 0,
        releases: state.releases,
        jobs: state.jobs,
      };
      if (!(await tell(workflowId, (handle) => handle.signal(goSignal, go)))) state.running = undefined;
    }
    const { running } = state;
    if (!running) return;
    for (const { workflowId } of state.queue) await tell(workflowId, (handle) => handle.signal(queuedSignal, { behind: running.deployment }));
  }

  /** A deployment that was terminated or timed out never reports; it counts as failed. */
  async checkRunning(due: boolean): Promise<void> {
    const { running, queue } = this.state;
    if (!running || !(due || queue.length > 0)) return;
    if (await activity('isRunning', taskQueue, `ask whether deployment ${running.deployment} still runs`)(running.workflowId)) return;
    if (this.state.running !== running) return;
    this.remember({ deployment: running.deployment, outcome: 'lost' });
    this.state.running = undefined;
  }

  /** Nothing runs, nothing waits, nothing was ever committed: there is nothing to remember. */
  isEmpty(): boolean {
    const { running, queue, current, releases } = this.state;
    return !running && queue.length === 0 && !current && releases.length === 0;
  }

  private remember(entry: EnvironmentState['recent'][number]): void {
    this.state.recent = [...this.state.recent, entry].slice(-remembered);
  }
}

async function tell(workflowId: string, signal: (handle: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>): Promise<boolean> {
  return signal(getExternalWorkflowHandle(workflowId)).then(() => true, () => false);
}
