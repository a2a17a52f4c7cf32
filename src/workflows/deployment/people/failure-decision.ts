import type { Service } from '../../../model/stack';
import type { Cause } from '../../messages';
import { waitUntil } from '../../support/serialised-events';
import type { ProgressLog } from '../report/progress-log';

/** What becomes of a deployment that has failed and waits. */
export type Decision = { kind: 'retry' } | { kind: 'amend'; services: Service[] } | { kind: 'roll back' };

/** A deployment that has failed may wait for a person, who amends it, has it tried again or gives it up. */
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

  /** Nobody's word in time means: roll back. */
  async await(cause: Cause, limitMs: number): Promise<Decision> {
    this.decision = undefined;
    this.awaited = true;
    this.log.failure = { cause, until: Date.now() + limitMs };
    this.log.becomeFound('waiting');
    try {
      if (!(await waitUntil(() => this.decision !== undefined, limitMs)))
        this.log.note(`nobody came within ${limitMs / 1000} s`);
      return this.decision ?? { kind: 'roll back' };
    } finally {
      this.awaited = false;
      this.log.failure = undefined;
      this.log.becomeFound('deploying');
    }
  }
}
