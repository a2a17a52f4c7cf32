import { hasWorkloads } from '../../model/runtimes';
import type { Service } from '../../model/stack';
import type { ObservedInstance } from '../../model/observation';
import { compare } from './difference';
import type { Fingerprint } from './fingerprint';
import { appliedRunsOf } from './job-runs';
import { toInstanceSpec, toRef } from './instance-spec';
import type { Change, Intent, Lane, PlannedService } from '../plan';
import { noteUnnamedVolumes } from '../resources/unnamed-volumes';
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
  const { steps } = planning;
  const reason = whyRun(service, observed, print, planning);
  if (!reason) return skip(service, print, planning);
  const spec = toInstanceSpec(service, 1, planning.ports.allocate(service, 1), print, { ...planning, phase });
  if (hasWorkloads(planning.stack)) spec.workload = toWorkload(service, planning.stack);
  const lane: Lane = [
    steps.make({ kind: 'create-job', instance: spec }, service.name),
    steps.make({ kind: 'run-job', instance: toRef(spec), timeoutMs: service.timeoutMs }, service.name),
  ];
  const planned = describe(service, 'run', reason, [[lane]]);
  planned.superseded = observed.map(({ name }) => name);
  planned.notes.push(rollbackNote(service), ...noteUnnamedVolumes(observed, [spec]));
  return planned;
}

/** A job that does not run. One that ran in a deployment which failed since the current release is noted. */
function skip(service: Service, { hash }: Fingerprint, { intent, applied }: ServicePlanning): PlannedService {
  const planned = describe(service, 'skip', [], []);
  if (!decides(intent) || service.run === 'manual') return planned;
  planned.ranAs = hash;
  const earlier = appliedRunsOf(service.name, applied).find((run) => run.hash === hash && !run.released);
  if (earlier && intent.kind === 'deploy')
    planned.notes.push(`it ran in deployment ${earlier.deployment} and stays applied; it does not run again`);
  return planned;
}

/** Whether a deployment makes a release of which the jobs are part. */
const decides = ({ kind }: Intent) => kind === 'deploy' || kind === 'rollback';

/**
 * The changes that make a job run; undefined if it does not. A rollback never runs an older release's job. A job that
 * ran for the current release, or successfully since, does not run again, even if another version of it ran in between.
 */
function whyRun(
  service: Service,
  observed: ObservedInstance[],
  print: Fingerprint,
  { intent, jobs, applied }: ServicePlanning,
): Change[] | undefined {
  if (intent.kind === 'run') return intent.services?.includes(service.name) ? [{ key: 'requested' }] : undefined;
  if (intent.kind !== 'deploy' || service.run === 'manual') return undefined;
  if (service.run === 'always') return [{ key: 'always' }];
  const last = observed
    .filter(({ state, exitCode }) => state === 'exited' && exitCode === 0)
    .sort((a, b) => b.deployment - a.deployment)[0];
  if (appliedRunsOf(service.name, applied).some(({ hash }) => hash === print.hash)) return undefined;
  if (jobs[service.name] === print.hash || (!jobs[service.name] && last?.hash === print.hash)) return undefined;
  const changes = last ? compare(service, [last], print).changes.filter(({ key }) => key !== 'state') : [];
  return changes.length > 0 ? changes : [{ key: jobs[service.name] ? 'changed since its last run' : 'first run' }];
}

function rollbackNote({ onRollback }: Service): string {
  if (onRollback === 'keep') return 'kept on rollback';
  return onRollback === 'refuse' ? 'a rollback waits for a person' : `on rollback: ${onRollback.command.join(' ')}`;
}
