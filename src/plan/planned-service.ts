import type { Service, Stack } from '../config/stack';
import type { ObservedInstance } from '../model/observation';
import { compare, isUp, type Difference } from './difference';
import { fingerprint, type Fingerprint } from './fingerprint';
import { toBalancerSpec } from './front/balancer-spec';
import { judgementOf } from './front/judgement';
import { ServiceNames } from './front/service-names';
import { toTestSpec } from './front/test-spec';
import type { Traffic } from './front/traffic';
import { balancerName } from '../model/traffic';
import { toInstanceSpec, toRef } from './instance-spec';
import type { Known } from './known';
import type { Change, Intent, Lane, PlannedService, ServiceAction, Stage } from './plan';
import type { PortAllocator } from './ports';
import type { StepFactory } from './steps';
import { rollOut } from './strategies';
import { strategyOf } from './strategies/strategy-of';
import type { Replacement, Slot } from './strategies/strategy';
import { noteUnnamedVolumes } from './unnamed-volumes';

export interface ServicePlanning {
  stack: Stack;
  known: Known;
  intent: Intent;
  deployment: number;
  release: number;
  /** Hash of the last successful run of each job, as the environment remembers it. */
  jobs: Record<string, string>;
  ports: PortAllocator;
  traffic: Traffic;
  steps: StepFactory;
}

/** What happens to one service of the stack. */
export function planService(service: Service, phase: number, planning: ServicePlanning): PlannedService {
  const observed = planning.known.instancesOf(service.name);
  const print = fingerprint(service, planning.stack, planning.known);
  return service.kind === 'job' ? planJob(service, phase, observed, print, planning) : planInstances(service, phase, observed, print, planning);
}

/** A service that this deployment does not look at. */
export function leave(service: Service): PlannedService {
  return describe(service, 'leave', [], []);
}

function planInstances(service: Service, phase: number, observed: ObservedInstance[], print: Fingerprint, planning: ServicePlanning): PlannedService {
  const forced = planning.intent.kind === 'restart' && (planning.intent.services ?? [service.name]).includes(service.name);
  const difference = compare(service, observed, print, forced);
  const slots = ordinals(service, difference)
    .map((ordinal) => slotOf(service, ordinal, difference, { phase, print, planning }))
    .filter(({ old, next }) => next || old.length > 0);
  const replacement = replacementOf(service, slots, [...difference.keep.values()], planning);
  const rollout = rollOut(replacement, service);
  const settled = rollout.stages.length === 0 ? settle(service, replacement, planning) : [];
  const action = rollout.stages.length > 0 ? actionOf(slots.length, observed, difference, forced) : settled.length > 0 ? 'reroute' : 'keep';
  const planned: PlannedService = { ...describe(service, action, action === 'keep' || action === 'reroute' ? [] : difference.changes, rollout.stages), ...rollout };
  if (settled.length > 0) planned.stages = [[settled]];
  if (planned.action === 'replace') planned.notes.push(...replaceNotes(service, difference.changes));
  planned.goes = slots.flatMap(({ old }) => old.map(({ name }) => name));
  planned.notes.push(...noteUnnamedVolumes(slots.flatMap(({ old }) => old)));
  planned.interruptionMs = !rollout.beside && service.replicas === 1 && slots.some(({ old, next }) => next && old.some(isUp)) ? 2000 : 0;
  return planned;
}

/** What a service that stays as it is takes: its requests go to what runs of it, and the load balancer learns new routes. */
function settle({ name }: Service, { traffic, kept }: Replacement, planning: ServicePlanning): Lane {
  return name === balancerName ? planning.traffic.configure() : traffic.to([{ instances: kept, weight: 100 }], `route ${name} to what runs`);
}

function slotOf(service: Service, ordinal: number, { keep, old: all }: Difference, { phase, print, planning }: { phase: number; print: Fingerprint; planning: ServicePlanning }): Slot {
  const old = all.get(ordinal) ?? [];
  if (keep.has(ordinal) || ordinal > service.replicas) return { old };
  const ports = planning.ports.allocate(service, ordinal, old[0]?.ports, strategyOf(service).kind !== 'recreate' && old.some(isUp));
  const spec = toInstanceSpec(service, ordinal, ports, print, { ...planning, phase });
  const { stack, traffic } = planning;
  return { old, next: service.name === balancerName && stack.front ? toBalancerSpec(spec, stack.front, traffic.finalTables(), stack) : spec };
}

function replacementOf(service: Service, slots: Slot[], kept: ObservedInstance[], { stack, traffic, steps, deployment }: ServicePlanning): Replacement {
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

function actionOf(acting: number, observed: ObservedInstance[], { keep, old }: Difference, forced: boolean): ServiceAction {
  if (acting === 0) return 'keep';
  if (observed.length === 0) return 'create';
  if (forced) return 'restart';
  const replacing = [...old.values()].flat().length > 0;
  return keep.size > 0 && !replacing ? 'scale' : 'replace';
}

function replaceNotes(service: Service, changes: Change[]): string[] {
  const holdsData = service.mounts.some((mount) => mount.type === 'volume' && !mount.readOnly);
  return holdsData && changes.some(({ key }) => key === 'image') ? ['one-way: the new image may change the data of its volume in a way that the old one cannot read'] : [];
}

function planJob(service: Service, phase: number, observed: ObservedInstance[], print: Fingerprint, planning: ServicePlanning): PlannedService {
  const { intent, jobs, steps } = planning;
  const reason = whyRun(service, observed, print, intent, jobs);
  if (!reason) return describe(service, 'skip', [], []);
  const spec = toInstanceSpec(service, 1, planning.ports.allocate(service, 1), print, { ...planning, phase });
  const lane: Lane = [
    steps.make({ kind: 'create-job', instance: spec }, service.name),
    steps.make({ kind: 'run-job', instance: toRef(spec), timeoutMs: service.timeoutMs }, service.name),
  ];
  const planned = describe(service, 'run', reason, [[lane]]);
  planned.goes = observed.map(({ name }) => name);
  planned.notes.push(rollbackNote(service));
  return planned;
}

/** The changes that make a job run, or undefined where it does not. A rollback never runs an older release's job. */
function whyRun(service: Service, observed: ObservedInstance[], print: Fingerprint, intent: Intent, jobs: Record<string, string>): Change[] | undefined {
  if (intent.kind === 'run') return intent.services?.includes(service.name) ? [{ key: 'requested' }] : undefined;
  if (intent.kind !== 'deploy' || service.run === 'manual') return undefined;
  if (service.run === 'always') return [{ key: 'always' }];
  const last = observed.filter(({ state, exitCode }) => state === 'exited' && exitCode === 0).sort((a, b) => b.deployment - a.deployment)[0];
  if (jobs[service.name] === print.hash || (!jobs[service.name] && last?.hash === print.hash)) return undefined;
  const changes = last ? compare(service, [last], print, false).changes.filter(({ key }) => key !== 'state') : [];
  return changes.length > 0 ? changes : [{ key: jobs[service.name] ? 'changed since its last run' : 'first run' }];
}

function rollbackNote({ onRollback }: Service): string {
  if (onRollback === 'keep') return 'kept on rollback';
  return onRollback === 'refuse' ? 'a rollback waits for a person' : `on rollback: ${onRollback.command.join(' ')}`;
}

function describe(service: Service, action: ServiceAction, changes: Change[], stages: Stage[]): PlannedService {
  return {
    name: service.name, kind: service.kind, action, replicas: service.replicas, changes, notes: [],
    interruptionMs: 0, goes: [], continueOnFailure: service.onFailure === 'continue', beside: false, stages, tail: [],
  };
}

/** `from` and `to` of an image with its content addresses, for a plan that one trusts. */
export function imageChange(change: Change, service: Service, { known }: Pick<ServicePlanning, 'known'>): Change {
  if (change.key !== 'image' || !service.image) return change;
  const before = known.instancesOf(service.name)[0]?.imageId;
  const after = known.imageId(service.image);
  return { ...change, from: withDigest(change.from, before), to: withDigest(change.to, after) };
}

function withDigest(reference: string | undefined, id: string | undefined): string {
  return `${reference ?? '?'}${id ? ` (${id.slice(0, 10)}…)` : ' (not pulled yet)'}`;
}
