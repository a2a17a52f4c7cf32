import type { Service } from '../../../model/stack';
import type { Cause } from '../../messages';
import { waitUntil } from '../../support/serialised-events';
import type { ProgressLog } from '../report/progress-log';

/** A person's decision about a failed deployment. */
export type Decision = { kind: 'retry' } | { kind: 'amend'; services: Service[] } | { kind: 'roll back' };

/** Lets a failed deployment wait for a person to amend it, retry it or roll it back. */
export class FailureDecision {
  private decision?: Decision;
  private awaited = false;

  constructor(private readonly log: ProgressLog) {}

  get isAwaited(): boolean {
    return this.awaited && this.decision === undefined;
  }

  decide(decision: Decision): void {
    if (this.isAwaited) this.decision = decision;
  }

  /** Waits for a decision; without one in time: roll back. */
  async await(cause: Cause, limitMs: number): Promise<Decision> {
    this.decision = undefined;
    this.awaited = true;
    this.log.failure = { cause, until: Date.now() + limitMs };
    this.log.becomeSearchable('waiting');
    try {
      if (!(await waitUntil(() => this.decision !== undefined, limitMs)))
        this.log.note(`nobody decided within ${limitMs / 1000} s`);
      return this.decision ?? { kind: 'roll back' };
    } finally {
      this.awaited = false;
      this.log.failure = undefined;
      this.log.becomeSearchable('deploying');
    }
  }
}
