import { CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { Happening } from '../../model/events';
import type { WatchReport } from '../../activities/contract';
import type { Unattended } from '../../model/schedule';
import type { Ailing } from '../../model/watch';
import { activity } from '../support/activity-options';
import { toProblem } from '../deployment/steps/failure';
import { hostQueue, isOn, taskQueue, watchQueue, watchQueueOf, type WatchState } from '../messages';
import type { EnvironmentMemory } from './memory';
import { Reporter } from '../support/reporter';
import {
  changesOfHealth,
  countRestart,
  dueRestarts,
  forget,
  isOnTrial,
  isRepairDue,
  knownOf,
  nextMoment,
  nextRepair,
  nextRestart,
  startOf,
  withReport,
} from './watch-state';

const troubleMs = 300_000;
/** A rollback that was asked for has so long to get its turn before restarts are tried instead. */
const sentBackMs = 600_000;
const by = 'the watch';

/**
 * What the environment does between deployments. One activity looks until something is not as it is known to be; what
 * follows from that is done here, in the main loop, so that no deployment begins in the middle of a restart.
 */
export class EnvironmentWatch {
  /** Looks under way, by host; without a name where there are none. */
  private readonly looking = new Map<string | undefined, CancellationScope>();
  private reports: { host?: string; report: WatchReport }[] = [];

  constructor(private readonly memory: EnvironmentMemory) {}

  /** One round of the main loop. */
  async follow(): Promise<void> {
    const { subject } = this;
    if (!subject) return this.rest();
    const { state } = this.memory;
    if (state.watch?.release !== subject.release || state.watch.deployment !== subject.deployment) {
      this.rest();
      state.watch = startOf(subject.release, subject.deployment, state.watch);
    }
    for (const { report, host } of this.reports.splice(0)) this.take(report, host);
    await this.act();
    if (!this.subject || state.watch.off) return this.rest();
    if (Date.now() < (state.watch.trouble?.retryAt ?? 0)) return;
    for (const host of state.hosts ?? [undefined]) if (!this.looking.has(host)) this.look(state.watch, host);
  }

  /** Looks no more. */
  rest(): void {
    for (const scope of this.looking.values()) scope.cancel();
    this.looking.clear();
    this.reports = [];
  }

  /** Until something is due that no report announces, in ms. */
  nextMs(): number {
    const { watch } = this.memory.state;
    return watch && !watch.off && this.subject ? Math.max(10, nextMoment(watch) - Date.now()) : Infinity;
  }

  /** What is to be watched now: nothing while a deployment runs, or somebody works on what runs. */
  private get subject(): { release: number; deployment: number } | undefined {
    const { running, current, releases, watchPause } = this.memory.state;
    const paused = watchPause !== undefined && isOn(watchPause, Date.now());
    if (running || paused || current?.release === undefined || !releases.includes(current.release)) return undefined;
    return { release: current.release, deployment: current.deployment };
  }

  private look(watch: WatchState, host: string | undefined): void {
    const { place, jobs, current } = this.memory.state;
    const { release, deployment } = watch;
    delete watch.trouble;
    const scope = new CancellationScope();
    this.looking.set(host, scope);
    const orders = {
      place,
      release,
      deployment,
      committedAt: current?.at ?? 0,
      jobs,
      known: knownOf(watch, host),
      ...(host !== undefined && { host }),
    };
    const reported = scope.run(() =>
      activity(
        'watchRelease',
        host === undefined ? watchQueue : watchQueueOf(hostQueue(host)),
        `watch release ${release}${host === undefined ? '' : ` on ${host}`}`,
      )(orders),
    );
    const end = (take: () => void) => {
      if (this.looking.get(host) !== scope) return;
      this.looking.delete(host);
      this.memory.noteChange();
      take();
    };
    void reported.then(
      (report) => end(() => this.reports.push({ report, host })),
      (error: unknown) => end(() => this.fail(error)),
    );
  }

  private fail(error: unknown): void {
    const { watch } = this.memory.state;
    if (!isCancellation(error) && watch)
      watch.trouble = { message: toProblem(error).message, retryAt: Date.now() + troubleMs };
  }

  private take(report: WatchReport, host: string | undefined): void {
    const { state } = this.memory;
    const before = state.watch!;
    const after = withReport(before, report, Date.now(), host);
    state.watch = after;
    const { ailing, recovered } = changesOfHealth(before, after);
    for (const { service, instance, why } of ailing)
      this.report({ code: 'module.health_changed', data: { service, instance, healthy: false, message: why } });
    for (const { service, instance } of recovered)
      this.report({ code: 'module.health_changed', data: { service, instance, healthy: true } });
    if (before.drift.join('\n') !== after.drift.join('\n'))
      this.report({ code: 'drift.changed', data: { drift: after.drift } });
  }

  private async act(): Promise<void> {
    const { state } = this.memory;
    const watch = state.watch!;
    if (Date.now() < (watch.sentBackUntil ?? 0)) return;
    const [worst] = watch.ailing;
    if (worst && isOnTrial(watch, state.current?.at ?? 0, Date.now()) && (await this.sendBack(watch, worst))) return;
    for (const ailing of dueRestarts(watch, Date.now())) {
      if (this.isWanted) await this.restart(watch, ailing);
    }
    if (this.isWanted && isRepairDue(watch, Date.now())) await this.repair(watch);
  }

  /** Nobody has paused it meanwhile, and no deployment waits for its turn. */
  private get isWanted(): boolean {
    return this.subject !== undefined && this.memory.state.queue.length === 0;
  }

  /** Resolves with whether it goes back; a first release has nothing to go back to. */
  private async sendBack(watch: WatchState, { service, ordinal, why }: Ailing): Promise<boolean> {
    watch.sentBackUntil = Date.now() + sentBackMs;
    const reason = `${service}-${ordinal} ${why} within the watch window of deployment ${watch.deployment}`;
    const { release: insteadOf } = this.memory.state.current!;
    const asked =
      insteadOf !== undefined &&
      (await this.request({ kind: 'rollback', insteadOf }, reason, `watch-rollback-${watch.deployment}`));
    if (!asked) watch.sentBackUntil = 0;
    return asked;
  }

  private async restart(watch: WatchState, { instance, service, ordinal, why, host }: Ailing): Promise<void> {
    const { place, runtime } = this.memory.state;
    watch.restarts[instance] = nextRestart(watch.restarts[instance], Date.now());
    this.rest();
    const orders = { place, runtime, instance, release: watch.release, ...(host !== undefined && { host }) };
    this.report({
      code: 'watch.acted',
      data: { action: 'restart', instance, message: `${service}-${ordinal} ${why}` },
    });
    await activity(
      'restartInstance',
      host === undefined ? taskQueue : hostQueue(host),
      `restart ${service}-${ordinal}: ${why}`,
    )(orders).then(
      (before) => {
        countRestart(watch, instance, before);
        forget(watch, instance);
      },
      () => undefined,
    );
  }

  private async repair(watch: WatchState): Promise<void> {
    watch.repairs = nextRepair(watch.repairs, Date.now());
    await this.request(
      { kind: 'repair' },
      watch.drift.join('; '),
      `watch-repair-${watch.deployment}-${watch.repairs.count}-${workflowInfo().runId}`,
    );
  }

  private async request(
    what: Extract<Unattended, { kind: 'repair' | 'rollback' }>,
    reason: string,
    requestId: string,
  ): Promise<boolean> {
    const { place } = this.memory.state;
    const asked = activity(
      'requestDeployment',
      taskQueue,
      `ask for a ${what.kind}: ${reason}`,
    )({ place, what, by, reason, requestId });
    const why = await asked.then(
      () => undefined,
      (error: unknown) => toProblem(error).message,
    );
    this.report({ code: 'watch.acted', data: { action: what.kind, message: why ?? reason } });
    return why === undefined;
  }

  private report(happening: Happening): void {
    const { place, watch } = this.memory.state;
    new Reporter(place, watch?.subscribers).report(watch?.deployment ?? 0, happening);
  }
}
