import type { Service } from '../../model/stack';
import { takesShare } from '../../kubernetes/traffic/reach';
import { isUp, type ObservedInstance } from '../../model/observation';
import { alterationsOf } from './alterations';
import { followerNotes } from '../followers/followed';
import { compare } from './difference';
import type { Fingerprint } from './fingerprint';
import { judgementOfPods } from '../traffic/judgement';
import { toTestSpec } from '../traffic/test-spec';
import { toInstanceSpec, toRef } from './instance-spec';
import { instanceName } from '../names';
import type { Change, Lane, PlannedService, ServiceAction } from '../plan';
import { replaceNotes } from './replace-notes';
import { describe, type ServicePlanning } from './service-planning';
import { strategyOf } from '../strategies/strategy-of';
import { toWorkload } from './workload';
import { rollOutWorkload, type WorkloadReplacement } from '../strategies/workload-rollout';

const restartMs = 2000;

/**
 * Plans the workload of a service: starts it if it does not exist, else changes it in place.
 */
export function planWorkload(
  service: Service,
  phase: number,
  observed: ObservedInstance[],
  print: Fingerprint,
  planning: ServicePlanning,
): PlannedService {
  const { steps, intent } = planning;
  const forced = intent.kind === 'restart' && (intent.services ?? [service.name]).includes(service.name);
  const name = instanceName(planning.stack, service, 1, planning.deployment);
  const old = observed.find((instance) => instance.name === name);
  const replacedWith = planning.followed.replacedWith(service);
  const restarts = forced || replacedWith.length > 0;
  const { keep, changes } = compare(service, old ? [old] : [], print, { forced, follows: replacedWith.length > 0 });
  const scaled = scale(service, old);
  const isKept = keep.size > 0 || (old !== undefined && isUnchangedAtZero(service, old, print, restarts));
  if (isKept && scaled.length === 0) return describe(service, 'keep', [], []);
  const spec = toInstanceSpec(service, 1, planning.ports.allocate(service, 1), print, { ...planning, phase });
  const instance = {
    ...spec,
    workload: toWorkload(service, planning.stack, restarts ? planning.deployment : old?.restartedBy),
  };
  const { postStart } = service.hooks;
  const update: Lane = [
    old
      ? steps.make(
          { kind: 'update', instance, ...((intent.force || intent.kind === 'repair') && { force: true }) },
          service.name,
        )
      : steps.make({ kind: 'start', instance }, service.name),
    ...(postStart
      ? [
          steps.make(
            { kind: 'exec', instance: toRef(instance), command: postStart, purpose: 'post_start hook' },
            service.name,
          ),
        ]
      : []),
  ];
  const action = actionOf(old, isKept, forced || (replacedWith.length > 0 && changes.length === 0));
  const gradually = action === 'replace' && old !== undefined && isUp(old);
  const replacement: WorkloadReplacement = {
    service,
    instance,
    update,
    steps,
    byWeight: takesShare(instance) && !changes.some(({ key }) => key === 'expose' || key === 'kubernetes'),
    replicas: service.autoscaled ? (old?.replicas ?? 1) : service.replicas,
    testOf: (next, test) => toTestSpec([next], test, planning.deployment, planning.stack),
    judge: judgementOfPods(service, planning.stack),
  };
  const rollout = rollOutWorkload(replacement, gradually ? strategyOf(service) : { kind: 'recreate' });
  const planned: PlannedService = {
    ...describe(service, action, [...(isKept ? [] : changes), ...scaled], []),
    ...rollout,
  };
  if (planned.action === 'replace') planned.notes.push(...replaceNotes(service, changes));
  if (old) planned.notes.push(...followerNotes(service, replacedWith));
  planned.interruptionMs =
    !rollout.beside && action !== 'create' && action !== 'scale' && instance.workload.rollout === 'recreate'
      ? restartMs
      : 0;
  return planned;
}

/** Whether a workload scaled to zero is unchanged, although it has no pod to keep. */
function isUnchangedAtZero(service: Service, old: ObservedInstance, print: Fingerprint, forced: boolean): boolean {
  return service.replicas === 0 && !forced && old.hash === print.hash && alterationsOf(service, old).length === 0;
}

/** The change of replicas; none if an autoscaler sets them. */
function scale({ replicas, autoscaled }: Service, old: ObservedInstance | undefined): Change[] {
  return old && !autoscaled && old.replicas !== replicas
    ? [{ key: 'replicas', from: String(old.replicas), to: String(replicas) }]
    : [];
}

function actionOf(old: ObservedInstance | undefined, isKept: boolean, forced: boolean): ServiceAction {
  if (!old) return 'create';
  if (forced) return 'restart';
  return isKept ? 'scale' : 'replace';
}
