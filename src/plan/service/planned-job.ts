import { hasWorkloads } from '../../model/runtimes';
import type { Service } from '../../model/stack';
import type { ObservedInstance } from '../../model/observation';
import { compare } from './difference';
import type { Fingerprint } from './fingerprint';
import { toInstanceSpec, toRef } from './instance-spec';
import type { Change, Intent, Lane, PlannedService } from '../plan';
import { describe, type ServicePlanning } from './service-planning';
import { toWorkload } from './workload';

/** Plans a run of a job, or skips it. */
export function planJob(
  service: Service,
  phase: number,
  observed: ObservedInstance[],
  print: Fingerprint,
  planning: ServicePlanning,
): PlannedService {
  const { intent, jobs, steps } = planning;
  const reason = whyRun(service, observed, print, intent, jobs);
  if (!reason) return describe(service, 'skip', [], []);
  const spec = toInstanceSpec(service, 1, planning.ports.allocate(service, 1), print, { ...planning, phase });
  if (hasWorkloads(planning.stack)) spec.workload = toWorkload(service, planning.stack);
  const lane: Lane = [
    steps.make({ kind: 'create-job', instance: spec }, service.name),
    steps.make({ kind: 'run-job', instance: toRef(spec), timeoutMs: service.timeoutMs }, service.name),
  ];
  const planned = describe(service, 'run', reason, [[lane]]);
  planned.superseded = observed.map(({ name }) => name);
  planned.notes.push(rollbackNote(service));
  return planned;
}

/** The changes that make a job run; undefined if it does not. A rollback never runs an older release's job. */
function whyRun(
  service: Service,
  observed: ObservedInstance[],
  print: Fingerprint,
  intent: Intent,
  jobs: Record<string, string>,
): Change[] | undefined {
  if (intent.kind === 'run') return intent.services?.includes(service.name) ? [{ key: 'requested' }] : undefined;
  if (intent.kind !== 'deploy' || service.run === 'manual') return undefined;
  if (service.run === 'always') return [{ key: 'always' }];
  const last = observed
    .filter(({ state, exitCode }) => state === 'exited' && exitCode === 0)
    .sort((a, b) => b.deployment - a.deployment)[0];
  if (jobs[service.name] === print.hash || (!jobs[service.name] && last?.hash === print.hash)) return undefined;
  const changes = last ? compare(service, [last], print).changes.filter(({ key }) => key !== 'state') : [];
  return changes.length > 0 ? changes : [{ key: jobs[service.name] ? 'changed since its last run' : 'first run' }];
}

function rollbackNote({ onRollback }: Service): string {
  if (onRollback === 'keep') return 'kept on rollback';
  return onRollback === 'refuse' ? 'a rollback waits for a person' : `on rollback: ${onRollback.command.join(' ')}`;
}
