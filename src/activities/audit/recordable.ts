import type { Stack } from '../../model/stack';
import { RuntimeError } from '../../runtimes/runtime';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
import { reasonOf } from './reason';
import { AuditTrails } from './trails';

/**
 * Refuses deployments while the audit trail is not writable, unless the worker was started with `--audit-best-effort`.
 * @throws SoftwareFault for a folder, which has to be repaired, RuntimeError for a database, whose failure is temporary
 */
export async function requireRecordable(
  dependencies: Pick<Dependencies, 'dataDir' | 'auditDatabase' | 'audit' | 'rules'>,
  { name: stack, environment, infrastructure }: Stack,
): Promise<void> {
  if (dependencies.audit.isBestEffort) return;
  await new AuditTrails(dependencies)
    .requireWritable({ stack, environment, folder: infrastructure.dataDir })
    .catch((error: Error) => {
      const reason = `the audit trail cannot be written: ${reasonOf(error)}`;
      if (dependencies.auditDatabase) throw new RuntimeError('platform', reason);
      throw new SoftwareFault(
        `${reason}; repair it, or start the worker with --audit-best-effort to deploy without records`,
      );
    });
}
