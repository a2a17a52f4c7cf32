import {
  CancellationScope,
  isCancellation,
  patched,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { WatchReport } from '../../activities/contract';
import type { Unattended } from '../../model/schedule';
import type { Ailing } from '../../model/watch';
import { literalMarkdown } from '../../model/text/markdown';
import { activity } from '../support/activity-options';
import { patches } from '../support/patches';
import { toProblem } from '../deployment/steps/failure';
import { hostQueue, isOn, searchAttributes, taskQueue, watchQueue, watchQueueOf, type WatchState } from '../messages';
import type { EnvironmentMemory } from './memory';
import {
  changesOfHealth,
  countRestart,
  dueRestarts,
  findingsText,
  forget,
  isOnTrial,
  isRepairDue,
  knownOf,
  nextMoment,
  nextRepair,
  nextRestart,
  startOf,
  statusOf,
  withReport,
} from './watch-state';

const troubleMs = 300_000;
/** How long a requested rollback may wait for its turn before restarts are tried instead. */
const sentBackMs = 600_000;
const by = 'the watch';

/** Shows the findings in the Temporal UI, in its list too. */
function showFindings(after: WatchState, before: WatchState): void {
  setCurrentDetails(
    findingsText(after)
      .map((line) => `- ${literalMarkdown(line)}`)
      .join('\n'),
  );
  if (statusOf(after) === statusOf(before) || !patched(patches.environmentStatus)) return;
  upsertSearchAttributes([{ key: searchAttributes.status, value: statusOf(after) }]);
}

/**
 * Watches an environment between deployments. An activity per host reports every change of the findings; this class
 * reacts in the main loop, so that no deployment starts in the middle of a restart.
 */
export class EnvironmentWatch {
  /** Running watch activities by host; undefined if the stack names no hosts. */
  private readonly watching = new Map<string | undefined, CancellationScope>();
  private reports: { host?: string; report: WatchReport }[] = [];

  constructor(private readonly memory: EnvironmentMemory) {}

  /** One iteration of the main loop. */
  async follow(): Promise<void> {
    const { subject } = this;
    if (!subject) return this.stop();
    const { state } = this.memory;
    if (state.watch?.release !== subject.release || state.watch.deployment !== subject.deployment) {
      this.stop();
      state.watch = startOf(subject.release, subject.deployment, state.watch);
    }
    for (const { report, host } of this.reports.splice(0)) this.take(report, host);
    await this.act();
    if (!this.subject || state.watch.off) return this.stop();
    if (Date.now() < (state.watch.trouble?.retryAt ?? 0)) return;
    for (const host of state.hosts ?? [undefined]) if (!this.watching.has(host)) this.startWatching(state.watch, host);
  }

  /** Stops all watch activities. */
  stop(): void {
    for (const scope of this.watching.values()) scope.cancel();
    this.watching.clear();
    this.reports = [];
  }

  /** Time until the next restart, repair or retry, in ms. */
  nextMs(): number {
    const { watch } = this.memory.state;
    return watch && !watch.off && this.subject ? Math.max(10, nextMoment(watch) - Date.now()) : Infinity;
  }

  /** The release to watch; undefined while a deployment runs or the watch is paused. */
  private get subject(): { release: number; deployment: number } | undefined {
    const { running, current, releases, watchPause } = this.memory.state;
    const paused = watchPause !== undefined && isOn(watchPause, Date.now());
    if (running || paused || current?.release === undefined || !releases.includes(current.release)) return undefined;
    return { release: current.release, deployment: current.deployment };
  }

  private startWatching(watch: WatchState, host: string | undefined): void {
    const { place, jobs, current } = this.memory.state;
    const { release, deployment } = watch;
    delete watch.trouble;
    const scope = new CancellationScope();
    this.watching.set(host, scope);
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
      if (this.watching.get(host) !== scope) return;
      this.watching.delete(host);
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
    const { completed, ...findings } = report.findings;
    Object.assign(state.jobs, completed);
    const after = withReport(before, { ...report, findings }, Date.now(), host);
    state.watch = after;
    const { ailing, recovered } = changesOfHealth(before, after);
    for (const { service, instance, why } of ailing)
      this.memory.report({ code: 'module.health_changed', data: { service, instance, healthy: false, message: why } });
    for (const { service, instance } of recovered)
      this.memory.report({ code: 'module.health_changed', data: { service, instance, healthy: true } });
    if (before.drift.join('\n') !== after.drift.join('\n'))
      this.memory.report({ code: 'drift.changed', data: { drift: after.drift } });
    showFindings(after, before);
  }

  private async act(): Promise<void> {
    const { state } = this.memory;
    const watch = state.watch!;
    if (Date.now() < (watch.sentBackUntil ?? 0)) return;
    const [worst] = watch.ailing;
    if (worst && isOnTrial(watch, state.current?.at ?? 0, Date.now()) && (await this.requestRollback(watch, worst)))
      return;
    for (const ailing of dueRestarts(watch, Date.now())) {
      if (this.mayAct) await this.restart(watch, ailing);
    }
    if (this.mayAct && isRepairDue(watch, Date.now())) await this.repair(watch);
  }

  /** Whether the watch may act: it is not paused meanwhile, and no deployment waits. */
  private get mayAct(): boolean {
    return this.subject !== undefined && this.memory.state.queue.length === 0;
  }

  /** Requests a rollback; resolves with false if it is refused, or if there is no earlier release. */
  private async requestRollback(watch: WatchState, { service, ordinal, why }: Ailing): Promise<boolean> {
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
    this.stop();
    const orders = { place, runtime, instance, release: watch.release, ...(host !== undefined && { host }) };
    this.memory.report({
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
      `request a ${what.kind}: ${reason}`,
    )({ place, what, by, reason, requestId });
    const problem = await asked.then(
      () => undefined,
      (error: unknown) => toProblem(error).message,
    );
    this.memory.report({ code: 'watch.acted', data: { action: what.kind, message: problem ?? reason } });
    return problem === undefined;
  }
}
