import { patched, uuid4, workflowInfo } from '@temporalio/workflow';
import type { AuditEntry } from '../../model/audit';
import { activity } from '../support/activity-options';
import { taskQueue, type Act, type EnvironmentState } from '../messages';
import { patches } from '../support/patches';

/** The environment's view of the audit trail: entries still to write, and the head of the trail. */
export class EnvironmentRecords {
  constructor(private readonly state: EnvironmentState) {}

  note(by: string, what: string, why: string | undefined): void {
    if (patched(patches.audit)) this.add({ id: uuid4(), by, what, result: 'done', ...(why !== undefined && { why }) });
  }

  noteAct({ by = 'unknown', from }: Act, what: string): void {
    if (patched(patches.auditedActs))
      this.add({ id: uuid4(), by, what, result: 'done', ...(from !== undefined && { from }) });
  }

  /** A terminated deployment writes no record itself; if it did, the id prevents a second one. */
  noteLost({ workflowId, deployment, asked }: NonNullable<EnvironmentState['running']>): void {
    if (!patched(patches.auditedActs)) return;
    const { by = 'unknown', intent = 'deploy', reason } = asked ?? {};
    const result = 'ended without a result: it was terminated or timed out';
    this.add({ id: workflowId, by, what: intent, result, deployment, ...(reason !== undefined && { why: reason }) });
  }

  private add(entry: Omit<AuditEntry, 'at'>): void {
    (this.state.acts ??= []).push({ ...entry, at: Date.now() });
  }

  /** Stores the head of the trail after a deployment or an act has written to it. */
  remember(head: NonNullable<EnvironmentState['audit']>): void {
    const { audit } = this.state;
    if (head.folder !== audit?.folder || head.place !== audit?.place || head.sequence > (audit?.sequence ?? 0))
      this.state.audit = head;
  }

  /**
   * Writes entries one at a time while nothing else happens, so that a trail that is long or cannot be written delays
   * nothing. After a continue-as-new, the next run writes the rest.
   */
  async write(isDisturbed: () => boolean): Promise<void> {
    const { place, acts = [] } = this.state;
    while (acts.length > 0 && !workflowInfo().continueAsNewSuggested) {
      const entry = acts.shift()!;
      const { audit } = this.state;
      const folder = audit?.folder === undefined ? {} : { folder: audit.folder };
      const recorded = activity(
        'recordAudit',
        taskQueue,
        `record: ${entry.what} by ${entry.by}`,
      )({ ...place, ...folder }, entry);
      await recorded.then(
        (head) => this.remember({ ...head, ...folder }),
        () => undefined,
      );
      if (isDisturbed()) return;
    }
  }
}
