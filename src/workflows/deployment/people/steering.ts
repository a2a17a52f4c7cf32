import { ApplicationFailure } from '@temporalio/workflow';
import type { Amendment, Steer, SteeringRecord } from '../../messages';
import { fits } from '../../messages/shape';
import { shapes } from '../../messages/shapes';
import { waitUntil } from '../../support/serialised-events';
import type { ProgressLog } from '../report/progress-log';
import type { FailureDecision } from './failure-decision';

const said: Record<Steer['action'], string> = {
  approve: 'approved',
  reject: 'rejected',
  promote: 'promoted',
  pause: 'paused',
  resume: 'resumed',
  abort: 'aborted',
  retry: 'tried again',
};

interface Pending {
  service?: string;
  title: string;
  answer?: Steer;
}

export interface Hold {
  service?: string;
  /** Somebody has cut it short. */
  over: boolean;
}

/** How people steer a rollout that runs: who did what, when and why. */
export class Steering {
  readonly records: SteeringRecord[] = [];
  private readonly approvals = new Set<Pending>();
  private readonly holds = new Set<Hold>();
  private pause?: Steer;
  /** From here on nothing is held up: it commits, or goes back. */
  private closed = false;

  constructor(
    private readonly log: ProgressLog,
    private readonly failureDecision: FailureDecision,
    private readonly abort: (steer: Steer) => void,
  ) {}

  /** @throws ApplicationFailure where there is nothing to do it to */
  check(steer: Steer): void {
    if (!fits(steer, shapes.steer))
      throw ApplicationFailure.nonRetryable(
        'that is no way to steer; `deploy-code approve`, `reject`, ' +
          '`promote`, `pause`, `resume`, `abort` and `retry` are',
        'NothingToSteer',
      );
    const { action, service } = steer;
    const of = service === undefined ? '' : ` for ${service}`;
    if ((action === 'approve' || action === 'reject') && this.waiting(service).length === 0)
      throw ApplicationFailure.nonRetryable(`nothing waits for an approval${of}`, 'NothingToSteer');
    if (action === 'promote' && this.held(service).length === 0)
      throw ApplicationFailure.nonRetryable(`nothing bakes or is kept${of} that could be cut short`, 'NothingToSteer');
    if (action === 'pause' && this.pause)
      throw ApplicationFailure.nonRetryable(`it is paused already, by ${this.pause.by}`, 'NothingToSteer');
    if (action === 'resume' && !this.pause) throw ApplicationFailure.nonRetryable('it is not paused', 'NothingToSteer');
    if (action === 'retry' && !this.failureDecision.isAwaited)
      throw ApplicationFailure.nonRetryable('it has not failed: nothing waits to be tried again', 'NothingToSteer');
    if (this.closed && action !== 'resume')
      throw ApplicationFailure.nonRetryable(
        `too late: it is ${this.log.status.replaceAll('_', ' ')}`,
        'NothingToSteer',
      );
  }

  take(steer: Steer): void {
    const { action, service } = steer;
    this.record(steer, said[action]);
    if (action === 'approve' || action === 'reject') for (const each of this.waiting(service)) each.answer = steer;
    if (action === 'promote') for (const each of this.held(service)) each.over = true;
    if (action === 'pause') this.pause = steer;
    if (action === 'resume') this.pause = undefined;
    if (action === 'abort') this.abort(steer);
    if (action === 'retry') this.failureDecision.decide({ kind: 'retry' });
  }

  amend({ services, by, reason }: Amendment): void {
    const names = services.map(({ name }) => name).join(', ');
    this.record({ action: 'amend', by, reason, service: names }, `${names} amended`);
    this.failureDecision.decide({ kind: 'amend', services });
  }

  get isPaused(): boolean {
    return this.pause !== undefined;
  }

  /** Ends a pause, for good where what follows must not be held up. */
  letGo(forGood: boolean): void {
    this.pause = undefined;
    this.closed ||= forGood;
  }

  /** Resolves once nobody wants it to stand still. */
  async whilePaused(): Promise<void> {
    if (this.pause) await waitUntil(() => !this.pause);
  }

  /** A person's word; nothing where none came in time. */
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

  /** Something that lasts, and that `promote` cuts short, from here until the work is done. */
  async holding<T>(service: string | undefined, work: (hold: Hold) => Promise<T>): Promise<T> {
    const hold: Hold = { service, over: false };
    this.holds.add(hold);
    try {
      return await work(hold);
    } finally {
      this.holds.delete(hold);
    }
  }

  /** Waits so long; true where it ended before its time, for somebody promotes or pauses it. */
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
    if (this.log.status !== status) this.log.becomeFound(status);
  }

  private record({ action, by, reason, service }: Omit<SteeringRecord, 'at'>, what: string): void {
    this.log.note(`${what} by ${by}${reason ? `: ${reason}` : ''}`);
    this.records.push({
      action,
      by,
      at: Date.now(),
      ...(reason !== undefined && { reason }),
      ...(service !== undefined && { service }),
    });
  }
}
