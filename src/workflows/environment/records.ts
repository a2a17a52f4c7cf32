import { patched, uuid4 } from '@temporalio/workflow';
import type { AuditEntry } from '../../model/audit';
import { activity } from '../activity-options';
import { taskQueue, type EnvironmentState } from '../messages';
import { patches } from '../patches';

/** The audit trail, as the environment knows it: what it has yet to write into it, and how long it is. */
export class EnvironmentRecords {
  /** What people have done, and the trail does not know yet. */
  private readonly acts: AuditEntry[] = [];

  constructor(private readonly state: EnvironmentState) {}

  note(by: string, what: string, why: string | undefined): void {
    if (patched(patches.audit)) this.acts.push({ id: uuid4(), at: Date.now(), by, what, result: 'done', ...(why !== undefined && { why }) });
  }

  /** Somebody has written into it. */
  remember(head: NonNullable<EnvironmentState['audit']>): void {
    const { audit } = this.state;
    if (head.folder !== audit?.folder || head.place !== audit?.place || head.sequence > (audit?.sequence ?? 0)) this.state.audit = head;
  }

  /** A trail that cannot be written holds nothing up. */
  async write(): Promise<void> {
    for (let entry = this.acts.shift(); entry; entry = this.acts.shift()) {
      const { place, audit } = this.state;
      const folder = audit?.folder === undefined ? {} : { folder: audit.folder };
      const recorded = activity('recordAudit', taskQueue, `record: ${entry.what} by ${entry.by}`)({ ...place, ...folder }, entry);
      await recorded.then((head) => this.remember({ ...head, ...folder }), () => undefined);
    }
  }
}
