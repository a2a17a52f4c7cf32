import { hasWorkloads } from '../../model/runtimes';
import type { Service } from '../../model/stack';
import { fingerprint } from './fingerprint';
import { appliedRunsOf } from './job-runs';
import type { Change, PlannedService } from '../plan';
import { planInstances } from './planned-instances';
import { planJob } from './planned-job';
import { planWorkload } from './planned-workload';
import { describe, type ServicePlanning } from './service-planning';

/** Plans one service of the stack. */
export function planService(service: Service, phase: number, planning: ServicePlanning): PlannedService {
  const observed = planning.known.instancesOf(service.name);
  const { jobs, applied } = planning;
  const ran = [jobs[service.name], ...appliedRunsOf(service.name, applied).map(({ hash }) => hash)];
  const print = fingerprint(service, planning.stack, planning.known, ran);
  if (service.kind === 'job') return planJob(service, phase, observed, print, planning);
  return hasWorkloads(planning.stack)
    ? planWorkload(service, phase, observed, print, planning)
    : planInstances(service, phase, observed, print, planning);
}

/** A service outside the scope of this deployment. */
export function leave(service: Service): PlannedService {
  return describe(service, 'leave', [], []);
}

/** Adds content addresses to `from` and `to` of an image change. */
export function imageChange(
  change: Change,
  service: Service,
  { known, stack }: Pick<ServicePlanning, 'known' | 'stack'>,
): Change {
  if (change.key !== 'image' || !service.image || hasWorkloads(stack)) return change;
  const before = known.instancesOf(service.name)[0]?.imageId;
  const after = known.imageId(service.image);
  return { ...change, from: withDigest(change.from, before), to: withDigest(change.to, after) };
}

function withDigest(reference: string | undefined, id: string | undefined): string {
  return `${reference ?? '?'}${id ? ` (${id.slice(0, 10)}…)` : ' (not pulled yet)'}`;
}
