import type { Service } from '../../model/stack';
import { isUp, type ObservedInstance } from '../../model/observation';
import { balancerName } from '../../model/traffic';
import { followerNotes } from '../followers/followed';
import { compare, type Difference } from './difference';
import type { Fingerprint } from './fingerprint';
import { toBalancerSpec } from '../traffic/balancer-spec';
import { judgementOf } from '../traffic/judgement';
import { sharedNotes } from '../traffic/shared-routes';
import { ServiceNames } from '../traffic/service-names';
import { isTest, toTestSpec } from '../traffic/test-spec';
import { toInstanceSpec } from './instance-spec';
import { lanesOf, type Change, type Lane, type PlannedService, type ServiceAction } from '../plan';
import { describe, type ServicePlanning } from './service-planning';
import { replaceNotes } from './replace-notes';
import { rollOut } from '../strategies';
import { strategyOf } from '../strategies/strategy-of';
import type { Replacement, Slot } from '../strategies/strategy';
import { noteUnnamedVolumes } from '../resources/unnamed-volumes';

/** Plans the change from the observed instances of a service to the desired ones. */
export function planInstances(
  service: Service,
  phase: number,
  observed: ObservedInstance[],
  print: Fingerprint,
  planning: ServicePlanning,
): PlannedService {
  const forced =
    planning.intent.kind === 'restart' && (planning.intent.services ?? [service.name]).includes(service.name);
  const ignored = observed.filter((instance) => isTest(instance) || isUnproven(instance, service, planning));
  // The health check of the load balancer belongs to the engine: an upgrade must not replace it.
  const checks = !planning.keepsOldChecks && service.name !== balancerName;
  const replacedWith = planning.followed.replacedWith(service);
  const difference = compare(
    service,
    observed.filter((instance) => !ignored.includes(instance)),
    print,
    {
      forced,
      follows: replacedWith.length > 0,
      joins: planning.followed.joinsOf(service),
      checks,
      completed: planning.jobs[service.name],
    },
  );
  const onlyFollows = replacedWith.length > 0 && difference.changes.length === 0;
  const slots = ordinals(service, difference)
    .map((ordinal) => slotOf(service, ordinal, difference, { phase, print, planning }))
    .filter(({ old, next }) => next || old.length > 0);
  const replacement = replacementOf(service, slots, [...difference.keep.values()], planning);
  const rollout = rollOut(replacement, service);
  const settled = rollout.stages.length === 0 ? settle(service, replacement, planning) : [];
  const action =
    rollout.stages.length > 0
      ? actionOf(slots.length, observed, difference, forced || onlyFollows, service.replicas)
      : settled.length > 0
        ? 'reroute'
        : 'keep';
  const planned: PlannedService = {
    ...describe(service, action, changesOf(action, service, observed, difference), rollout.stages),
    ...rollout,
  };
  if (settled.length > 0) planned.stages = [[settled]];
  if (service.name === balancerName && planned.action !== 'keep') planned.notes.push(...sharedNotes(planning.stack));
  if (service.name === balancerName)
    for (const step of lanesOf(planned).flat())
      if (step.kind === 'start') step.reaches = planning.traffic.newAddresses();
  if (planned.action === 'replace') planned.notes.push(...replaceNotes(service, difference.changes));
  if (rollout.stages.length > 0)
    planned.notes.push(...followerNotes(service, planned.action === 'create' ? [] : replacedWith));
  planned.superseded = [...slots.flatMap(({ old }) => old), ...ignored].map(({ name }) => name);
  planned.notes.push(
    ...noteUnnamedVolumes(
      slots.flatMap(({ old }) => old),
      slots.flatMap(({ next }) => next ?? []),
    ),
  );
  planned.interruptionMs =
    !rollout.beside && service.replicas === 1 && slots.some(({ old, next }) => next && old.some(isUp)) ? 2000 : 0;
  return planned;
}

/**
 * Whether a failed deployment left an instance beside the serving set before it passed its tests or approvals.
 */
function isUnproven(instance: ObservedInstance, service: Service, { traffic }: ServicePlanning): boolean {
  return (
    ['blue_green', 'canary'].includes(strategyOf(service).kind) &&
    isUp(instance) &&
    traffic.of(service).passesBy(instance)
  );
}

/**
 * The steps for an unchanged service: sends its requests to its running instances; the load balancer applies new
 * routes.
 */
function settle({ name }: Service, { traffic, kept }: Replacement, planning: ServicePlanning): Lane {
  return name === balancerName
    ? planning.traffic.configure()
    : traffic.to([{ instances: kept, weight: 100 }], `route ${name} to its running instances`);
}

function slotOf(
  service: Service,
  ordinal: number,
  { keep, old: all }: Difference,
  { phase, print, planning }: { phase: number; print: Fingerprint; planning: ServicePlanning },
): Slot {
  const old = all.get(ordinal) ?? [];
  if (keep.has(ordinal) || ordinal > service.replicas) return { old };
  const besideOld = strategyOf(service).kind !== 'recreate' && service.name !== balancerName && old.some(isUp);
  const ports = planning.ports.allocate(service, ordinal, old[0]?.ports, besideOld);
  const spec = toInstanceSpec(service, ordinal, ports, print, { ...planning, phase });
  const { stack, traffic } = planning;
  return {
    old,
    next:
      service.name === balancerName && traffic.front
        ? toBalancerSpec(spec, traffic.front, traffic.finalTables(), stack)
        : spec,
  };
}

function replacementOf(
  service: Service,
  slots: Slot[],
  kept: ObservedInstance[],
  { stack, traffic, steps, deployment }: ServicePlanning,
): Replacement {
  const names = new ServiceNames(service, stack, steps);
  return {
    service: service.name,
    replicas: service.replicas,
    slots: slots.map(({ old, next }) => ({ old, next: next && names.movable(next) })),
    kept,
    postStart: service.hooks.postStart,
    traffic: traffic.of(service),
    names,
    testOf: (next, test) => toTestSpec(next, test, deployment, stack),
    judge: judgementOf(service, slots, stack),
    steps,
  };
}

function ordinals(service: Service, { old }: Difference): number[] {
  const wanted = Array.from({ length: service.replicas }, (_, index) => index + 1);
  return [...new Set([...wanted, ...old.keys()])].sort((a, b) => a - b);
}

function actionOf(
  acting: number,
  observed: ObservedInstance[],
  { keep, old }: Difference,
  forced: boolean,
  replicas: number,
): ServiceAction {
  if (acting === 0) return 'keep';
  if (observed.length === 0) return 'create';
  if (forced) return 'restart';
  return (keep.size > 0 || replicas === 0) && isBeyond(old, replicas) ? 'scale' : 'replace';
}

/** True if only ordinals above the replicas are removed. */
function isBeyond(old: Difference['old'], replicas: number): boolean {
  return [...old.keys()].every((ordinal) => ordinal > replicas);
}

/** The changes that the plan shows; for a scaled service, the number of replicas. */
function changesOf(
  action: ServiceAction,
  { replicas }: Service,
  observed: ObservedInstance[],
  { changes }: Difference,
): Change[] {
  if (action === 'keep' || action === 'reroute') return [];
  if (action !== 'scale') return changes;
  const before = new Set(observed.filter(isUp).map(({ ordinal }) => ordinal)).size;
  return [{ key: 'replicas', from: String(before), to: String(replicas) }];
}
