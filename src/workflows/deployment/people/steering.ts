import { ApplicationFailure } from '@temporalio/workflow';
import { steer, type Amendment, type Progress, type Steer, type SteeringRecord } from '../../messages';
import { fits } from '../../messages/shape';
import { shapes } from '../../messages/shapes';
import { waitUntil } from '../../support/serialised-events';
import type { ProgressLog } from '../report/progress-log';
import type { FailureDecision } from './failure-decision';

const pastTense: Record<Steer['action'], string> = {
  approve: 'approved',
  reject: 'rejected',
  promote: 'promoted',
  pause: 'paused',
  resume: 'resumed',
  abort: 'aborted',
  retry: 'retried',
};

interface Pending {
  service?: string;
  title: string;
  answer?: Steer;
}

export interface Hold {
  service?: string;
  /** Whether `promote` ended it early. */
  over: boolean;
}

/** Handles and records how people steer a running rollout. */
export class Steering {
  readonly records: SteeringRecord[] = [];
  private readonly approvals = new Set<Pending>();
  private readonly holds = new Set<Hold>();
  private pause?: Steer;
  /** With four eyes: those who have decided what is deployed, and may not approve it. */
  private readonly authors?: Set<string>;
  /** Set at the commit or the rollback, which cannot be paused. */
  private closed = false;

  constructor(
    private readonly log: ProgressLog,
    private readonly failureDecision: FailureDecision,
    private readonly abort: (steer: Steer) => void,
    /** With four eyes: the requester. */
    requester?: string,
  ) {
    if (requester !== undefined) this.authors = new Set([requester]);
  }

  /** @throws ApplicationFailure if the action is unknown or does not apply */
  check(order: Steer): void {
    const refusal = fits(order, shapes.steer)
      ? this.refusalOf(order)
      : 'unknown action; use `deploy-code approve`, `reject`, `promote`, `pause`, `resume`, `abort` or `retry`';
    if (refusal !== undefined) throw ApplicationFailure.nonRetryable(refusal, 'NothingToSteer');
  }

  /** The actions that apply now; and with four eyes, who may not approve. */
  get available(): Pick<Progress, 'steerable' | 'authors'> {
    const steerable = steer.fields.action.oneOf.filter((action) => this.refusalOf({ action }) === undefined);
    return { steerable, ...(this.authors && { authors: [...this.authors] }) };
  }

  /** Why an action does not apply; undefined if it does. */
  private refusalOf({ action, service, by }: Pick<Steer, 'action' | 'service'> & { by?: string }): string | undefined {
    const of = service === undefined ? '' : ` for ${service}`;
    if ((action === 'approve' || action === 'reject') && this.waiting(service).length === 0)
      return `nothing waits for an approval${of}`;
    if (action === 'approve' && by !== undefined && this.authors?.has(by))
      return `${by} has requested or amended this deployment; somebody else has to approve it (security.four_eyes)`;
    if (action === 'promote' && this.held(service).length === 0)
      return `no bake or hold is running${of}; there is nothing to promote`;
    if (action === 'pause' && this.pause) return `it is already paused by ${this.pause.by}`;
    if (action === 'resume' && !this.pause) return 'it is not paused';
    if (action === 'retry' && !this.failureDecision.isAwaited)
      return 'the deployment does not wait after a failure; there is nothing to retry';
    if (this.closed && action !== 'resume') return `too late: it is ${this.log.status.replaceAll('_', ' ')}`;
    return undefined;
  }

  take(order: Steer): void {
    const { action, service } = order;
    this.record(order, pastTense[action]);
    if (action === 'approve' || action === 'reject') for (const each of this.waiting(service)) each.answer = order;
    if (action === 'promote') for (const each of this.held(service)) each.over = true;
    if (action === 'pause') this.pause = order;
    if (action === 'resume') this.pause = undefined;
    if (action === 'abort') this.abort(order);
    if (action === 'retry') this.failureDecision.decide({ kind: 'retry' });
  }

  amend({ services, by, reason }: Amendment): void {
    const names = services.map(({ name }) => name).join(', ');
    this.authors?.add(by);
    this.record({ action: 'amend', by, reason, service: names }, `${names} amended`);
    this.failureDecision.decide({ kind: 'amend', services });
  }

  get isPaused(): boolean {
    return this.pause !== undefined;
  }

  /** Ends a pause; `permanently`: later pauses are refused. */
  endPause(permanently: boolean): void {
    this.pause = undefined;
    this.closed ||= permanently;
  }

  /** Resolves when the rollout is not paused. */
  async whilePaused(): Promise<void> {
    if (this.pause) await waitUntil(() => !this.pause);
  }

  /** Waits for an approval or a rejection; undefined after the timeout. */
  async approval(title: string, service: string | undefined, timeoutMs: number): Promise<Steer | undefined> {
    const pending: Pending = { title, service };
    this.approvals.add(pending);
    const before = this.log.status;
    this.publish('waiting');
    try {
      await waitUntil(() => pending.answer !== undefined, timeoutMs);
      return pending.answer;
    } finally {
      this.approvals.delete(pending);
      this.publish(this.approvals.size > 0 ? 'waiting' : before === 'waiting' ? 'deploying' : before);
    }
  }

  /** Registers a hold, which `promote` can end early, for the duration of the work. */
  async holding<T>(service: string | undefined, work: (hold: Hold) => Promise<T>): Promise<T> {
    const hold: Hold = { service, over: false };
    this.holds.add(hold);
    try {
      return await work(hold);
    } finally {
      this.holds.delete(hold);
    }
  }

  /** Waits for a duration in ms; true if a promotion or a pause ended it early. */
  wait(hold: Hold, durationMs: number): Promise<boolean> {
    return waitUntil(() => hold.over || this.isPaused, Math.max(1, durationMs));
  }

  private waiting(service: string | undefined): Pending[] {
    return [...this.approvals].filter((each) => service === undefined || each.service === service);
  }

  private held(service: string | undefined): Hold[] {
    return [...this.holds].filter((each) => service === undefined || each.service === service);
  }

  private publish(status: ProgressLog['status']): void {
    this.log.approvals = [...this.approvals].map(({ title, service }) => ({ title, service }));
    if (this.log.status !== status) this.log.becomeSearchable(status);
  }

  private record({ action, by, reason, service }: Omit<SteeringRecord, 'at'>, message: string): void {
    this.log.note(`${message} by ${by}${reason ? `: ${reason}` : ''}`);
    this.records.push({
      action,
      by,
      at: Date.now(),
      ...(reason !== undefined && { reason }),
      ...(service !== undefined && { service }),
    });
  }
}
