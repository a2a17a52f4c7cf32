import type { OnRollback } from '../../model/stack';
import type { InstanceSpec } from '../../model/instance';
import { balancerName } from '../../model/traffic';
import { defaultDrainMs } from '../traffic/service-traffic';
import { toRef } from '../service/instance-spec';
import { jobRuns, nameRun, type JobRun } from '../service/job-runs';
import {
  lanesOf,
  type Lane,
  type Plan,
  type PlannedPhase,
  type PlannedService,
  type Retirement,
  type Step,
  type StepOf,
} from '../plan';
import { StepFactory } from '../steps';

/** A way back: stages one after the other, the lanes of a stage side by side. */
export interface RollbackPlan {
  stages: { title: string; lanes: Lane[] }[];
  /** Jobs whose effect stays. */
  notUndone: string[];
}

export interface RollbackInput {
  plan: Plan;
  /** Ids of the steps that were begun: their effect may have happened, in part or whole. */
  started: ReadonlySet<string>;
  /** Ids of the steps that were finished. */
  finished: ReadonlySet<string>;
  onRollback: Record<string, OnRollback>;
}

/** A service's steps that were begun. */
export interface StartedService {
  service: PlannedService;
  /** Of its phase; negative for services that the new stack no longer has. */
  phase: number;
  steps: Step[];
}

/**
 * Plans the rollback of the started steps, in this order:
 *
 * 1. The load balancer, if the deployment replaced it.
 * 2. Names and requests, back to old instances that still run.
 * 3. New instances are stopped, dependants first; then jobs are undone where they say how.
 * 4. Old instances start again, dependencies first and health-gated, and get their names and requests.
 * 5. New instances that ran beside old ones are drained and removed.
 * 6. Networks and volumes that only this deployment created. A volume that an instance may have mounted stays.
 */
export function planRollback({ plan, started, finished, onRollback }: RollbackInput): RollbackPlan {
  const all = plan.phases
    .flatMap((phase) => phase.services.map((service) => startedOf(phase, service, started)))
    .filter((each) => each.steps.length > 0);
  const fromBehind = Math.min(
    ...all.filter(({ service }) => typeof onRollback[service.name] === 'object').map(({ phase }) => phase),
    Infinity,
  );
  const loadBalancer = all.filter(({ service }) => service.name === balancerName);
  const besideOld = all.filter(({ service, phase }) => service.beside && phase < fromBehind);
  const inPlace = all.filter((each) => !besideOld.includes(each) && !loadBalancer.includes(each));
  const switchable = besideOld.filter((each) => !hasGoneTooFar(each.steps));
  const restored = all.filter((each) => !switchable.includes(each));
  const stages = [
    {
      title: 'the load balancer',
      lanes: loadBalancer.map((each) => undoLoadBalancer(each, onRollback)).filter((lane) => lane.length > 0),
    },
    { title: 'names back', lanes: switchable.flatMap((each) => restoreNames(each)) },
    {
      title: 'the front door',
      lanes: all.flatMap((each) => [
        ...restoreRouting(each),
        ...(switchable.includes(each) ? restoreTraffic(each) : []),
      ]),
    },
    ...byPhase(inPlace, 'down', true, ({ steps: finished, phase }) =>
      finished.flatMap((step) => stopAndRemove(step, onRollback, phase >= fromBehind)),
    ),
    ...byPhase(
      restored.filter((each) => !loadBalancer.includes(each)),
      'up',
      false,
      (each) => restoreInstances(each),
    ),
    { title: 'names of what runs again', lanes: restored.flatMap((each) => restoreNames(each)) },
    { title: 'requests to what runs again', lanes: restored.flatMap((each) => restoreTraffic(each)) },
    ...byPhase(besideOld, 'aside', true, (each) => each.steps.flatMap((step) => drainAndRemove(step, each))),
    {
      title: 'networks and volumes',
      lanes: undoPreparation(
        plan,
        started,
        all.flatMap((each) => each.steps),
      ),
    },
  ];
  return {
    stages: stages.filter(({ lanes }) => lanes.length > 0),
    notUndone: keptJobs(jobRuns(plan.phases, started, finished), onRollback),
  };
}

function startedOf(
  { kind, number }: PlannedPhase,
  service: PlannedService,
  started: ReadonlySet<string>,
): StartedService {
  return {
    service,
    phase: kind === 'removals' && number > 0 ? -number : number,
    steps: lanesOf(service)
      .flat()
      .filter(({ id }) => started.has(id)),
  };
}

/** One stage a phase: the last phase first on the way down, removed services first on the way up. */
function byPhase(
  services: StartedService[],
  way: string,
  descending: boolean,
  lanes: (each: StartedService) => Lane[],
): RollbackPlan['stages'] {
  const order = (phase: number) => (descending ? -Math.abs(phase) : phase);
  const phases = [...new Set(services.map(({ phase }) => phase))].sort((a, b) => order(a) - order(b));
  return phases.map((phase) => ({
    title: phase < 0 ? `removed services ${way}` : `phase ${phase} ${way}`,
    lanes: services.filter((each) => each.phase === phase).flatMap(lanes),
  }));
}

/** One that two instances of may listen beside each other is never without one. */
function undoLoadBalancer(each: StartedService, onRollback: RollbackInput['onRollback']): Lane {
  const down = each.steps.flatMap((step) => stopAndRemove(step, onRollback)).flat();
  const up = restoreInstances(each).flat();
  return each.service.beside ? [...up, ...down] : [...down, ...up];
}

/**
 * Whether old instances have been stopped, or changed where they stand: requests cannot go back to them before they are
 * up again.
 */
export function hasGoneTooFar(started: readonly Step[]): boolean {
  return started.some((step) => retirementsOf(step).length > 0 || isReplacement(step));
}

/** The routes that were in force before. */
function restoreRouting({ steps: finished }: StartedService): Lane[] {
  return finished.flatMap((step) =>
    step.kind === 'configure' && step.before
      ? [
          [
            StepFactory.beside(step).make(
              { kind: 'configure', balancer: step.balancer, front: step.before, before: step.front },
              step.service,
            ),
          ],
        ]
      : [],
  );
}

/** Names as they were, before requests come back: an instance leaves its networks for a moment to get them. */
export function restoreNames({ steps: finished }: StartedService): Lane[] {
  return finished.flatMap((step) =>
    step.kind === 'attach' && isTaken(step)
      ? [[StepFactory.beside(step).attach(step.instance, step.before, step.networks)]]
      : [],
  );
}

/** Requests as they went before the first step that moved them. */
export function restoreTraffic({ service, steps: finished }: StartedService): Lane[] {
  const first = finished.find((step) => step.kind === 'route');
  if (first?.kind !== 'route') return [];
  return [
    [
      StepFactory.beside(first).make(
        {
          kind: 'route',
          label: `route ${service.name} back`,
          balancer: first.balancer,
          tables: first.before,
          before: first.tables,
        },
        service.name,
      ),
    ],
  ];
}

function isTaken({ networks }: StepOf<'attach'>): boolean {
  return networks.every(({ aliases }) => aliases.length === 0);
}

/** A new instance that ran beside old ones, once nothing is sent to it any more. */
function drainAndRemove(step: Step, { service, steps: finished }: StartedService): Lane[] {
  const steps = StepFactory.beside(step);
  if (step.kind === 'test') return [[steps.about('remove', toRef(step.instance))]];
  if (step.kind !== 'start') return [];
  const route = finished.find((each) => each.kind === 'route');
  const untitled = finished.flatMap((each) =>
    each.kind === 'attach' && each.instance.name === step.instance.name
      ? [steps.unname(each.instance, each.networks)]
      : [],
  );
  const addresses = addressesOf(step.instance, finished);
  const drain =
    route?.kind === 'route' && addresses.length > 0
      ? [
          steps.make(
            {
              kind: 'drain',
              balancer: route.balancer,
              instance: toRef(step.instance),
              addresses,
              timeoutMs: drainMsOf(service),
            },
            step.service,
          ),
        ]
      : [];
  return [[...drain, ...untitled, steps.about('remove', toRef(step.instance))]];
}

/** As long as the old instances would have had. */
function drainMsOf(service: PlannedService): number {
  const drains = lanesOf(service)
    .flat()
    .flatMap((step) =>
      step.kind === 'drain' ? [step.timeoutMs] : retirementsOf(step).flatMap(({ drain }) => drain?.timeoutMs ?? []),
    );
  return drains[0] ?? defaultDrainMs;
}

/** Where requests have been sent to an instance. */
export function addressesOf({ name, ports }: Pick<InstanceSpec, 'name' | 'ports'>, finished: Step[]): string[] {
  const own = ports.map(({ host }) => `127.0.0.1:${host}`);
  const sent = finished.flatMap((step) =>
    step.kind === 'route' ? step.tables.flatMap(({ targets }) => targets.map(({ address }) => address)) : [],
  );
  return [...new Set(sent.filter((address) => address.startsWith(`${name}:`) || own.includes(address)))];
}

/** `whole`: what stands in the way of a command that undoes a job stops for it. */
function stopAndRemove(step: Step, onRollback: RollbackInput['onRollback'], whole = false): Lane[] {
  const steps = StepFactory.beside(step);
  if (isReplacement(step) && whole) return [[steps.about('retire', toRef(step.instance))]];
  if (step.kind === 'test') return [[steps.about('remove', toRef(step.instance))]];
  if (step.kind !== 'start' && step.kind !== 'create-job') return [];
  const remove = steps.about('remove', toRef(step.instance));
  if (step.kind === 'start') return [[remove]];
  const undo = onRollback[step.instance.service];
  return [[...(typeof undo === 'object' ? runUndo(step.instance, undo.command, steps) : []), remove]];
}

/** The undoing command of a job runs in the image that did it: only the newer one knows how. */
function runUndo(job: InstanceSpec, command: string[], steps: StepFactory): Lane {
  const instance: InstanceSpec = { ...job, name: `${job.name}-undo`, ordinal: 0, command, hash: `undo-${job.hash}` };
  const ref = toRef(instance);
  return [
    steps.make({ kind: 'create-job', instance }, job.service),
    steps.make({ kind: 'run-job', instance: ref }, job.service),
    steps.about('remove', ref),
  ];
}

/** Retired instances again, side by side, and workloads as they were. */
function restoreInstances({ steps: finished }: StartedService): Lane[] {
  return finished.flatMap((step): Lane[] => {
    const steps = StepFactory.beside(step);
    if (isReplacement(step))
      return [
        [
          steps.make(
            { kind: 'restore', instance: toRef(step.instance), deployment: step.instance.deployment },
            step.service,
          ),
        ],
      ];
    return retirementsOf(step).map(({ instance }) => [steps.about('revive', instance)]);
  });
}

/** Of the workload that stays; what runs beside it for a while only goes. */
function isReplacement(step: Step): step is StepOf<'update'> {
  return step.kind === 'update' && step.instance.workload?.beside === undefined;
}

function retirementsOf(step: Step): Retirement[] {
  return step.kind === 'retire' ? [step] : step.kind === 'retire-together' ? step.retirements : [];
}

function undoPreparation(plan: Plan, started: ReadonlySet<string>, startSteps: Step[]): Lane[] {
  const mounted = new Set(
    startSteps
      .flatMap((step) =>
        step.kind === 'start' || step.kind === 'update' || step.kind === 'create-job' ? step.instance.mounts : [],
      )
      .flatMap((mount) => (mount.type === 'volume' ? [mount.volume] : [])),
  );
  return plan.preparation
    .filter(({ id }) => started.has(id))
    .flatMap((step): Lane[] => {
      if (step.kind === 'create-network')
        return [[StepFactory.beside(step).make({ kind: 'remove-network', name: step.network.name })]];
      if (step.kind === 'create-volume' && !mounted.has(step.volume.name))
        return [[StepFactory.beside(step).make({ kind: 'remove-volume', name: step.volume.name })]];
      return [];
    });
}

function keptJobs(runs: JobRun[], onRollback: RollbackInput['onRollback']): string[] {
  return runs
    .filter(({ service }) => typeof onRollback[service] !== 'object')
    .map((run) => `${nameRun(run)} ${run.failed ? 'stays as far as it came' : 'ran and stays applied'}`);
}
