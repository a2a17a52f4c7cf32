import type { Stack } from '../../model/stack';
import { RuntimeError } from '../../runtimes/runtime';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
import { reasonOf } from './reason';
import { AuditTrails } from './trails';

/**
 * Nothing is begun that could not be recorded at this moment, unless the worker was started with `--audit-best-effort`.
 * @throws SoftwareFault for a folder that has to be mended, RuntimeError for a database, which comes back
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
        `${reason}; nothing is done that cannot be recorded: mend it, or start the worker with --audit-best-effort`,
      );
    });
}
