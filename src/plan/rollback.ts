import type { OnRollback } from '../config/stack';
import type { ObservedInstance } from '../model/observation';
import type { InstanceSpec } from '../model/instance';
import { toRef } from './instance-spec';
import { jobRuns, nameRun, type JobRun } from './job-runs';
import type { Lane, Plan, PlannedPhase, Step } from './plan';
import { StepFactory } from './steps';

/** A way back: stages one after the other, the lanes of a stage side by side. */
export interface RollbackPlan {
  stages: { title: string; lanes: Lane[] }[];
  /** Jobs whose effect stays. */
  notUndone: string[];
}

export interface RollbackInput {
  plan: Plan;
  /** Ids of the steps that were begun: their effect may have happened, in part or whole. */
  begun: ReadonlySet<string>;
  /** Ids of the steps that were finished. */
  done: ReadonlySet<string>;
  onRollback: Record<string, OnRollback>;
  taskQueue: string;
}

/**
 * The way back from the steps begun: new instances down, dependants first; then what jobs did, where they
 * say how; then old instances up, dependencies first and health-gated; then networks and volumes that only
 * this deployment made. A volume that an instance may have mounted is never removed.
 */
export function planRollback({ plan, begun, done: finished, onRollback, taskQueue }: RollbackInput): RollbackPlan {
  const steps = new StepFactory(plan.host, taskQueue);
  const phases = plan.phases.map((phase) => ({ phase, begun: begunSteps(phase, begun) })).filter((each) => each.begun.length > 0);
  const down = [...phases].reverse().map(({ phase, begun: done }) => ({
    title: `phase ${phase.number} down`,
    lanes: done.flatMap((step) => takeDown(step, onRollback, steps)),
  }));
  const up = phases
    .map(({ phase, begun: done }) => ({ number: phase.kind === 'removals' && phase.number > 0 ? -phase.number : phase.number, done }))
    .sort((a, b) => a.number - b.number)
    .map(({ number, done }) => ({ title: number < 0 ? 'removed services up' : `phase ${number} up`, lanes: bringBack(done, steps) }));
  const undone = [...down, ...up, { title: 'networks and volumes', lanes: undoPreparation(plan, begun, phases.flatMap((each) => each.begun), steps) }];
  return { stages: undone.filter(({ lanes }) => lanes.length > 0), notUndone: keptJobs(jobRuns(plan.phases, begun, finished), onRollback) };
}

function begunSteps(phase: PlannedPhase, begun: ReadonlySet<string>): Step[] {
  return phase.services.flatMap(({ lanes }) => lanes.flat()).filter(({ id }) => begun.has(id));
}

function takeDown(step: Step, onRollback: RollbackInput['onRollback'], steps: StepFactory): Lane[] {
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
  return [steps.make({ kind: 'create-job', instance }, job.service), steps.make({ kind: 'run-job', instance: ref }, job.service), steps.about('remove', ref)];
}

/** Retired instances again, replicas side by side: nothing serves any more that could go dark. */
function bringBack(done: Step[], steps: StepFactory): Lane[] {
  return done.flatMap((step) => (step.kind === 'retire' ? [[steps.about('revive', step.instance)]] : []));
}

function undoPreparation(plan: Plan, begun: ReadonlySet<string>, started: Step[], steps: StepFactory): Lane[] {
  const mounted = new Set(started.flatMap((step) => (step.kind === 'start' || step.kind === 'create-job' ? step.instance.mounts : [])).flatMap((mount) => (mount.type === 'volume' ? [mount.volume] : [])));
  return plan.preparation.filter(({ id }) => begun.has(id)).flatMap((step): Lane[] => {
    if (step.kind === 'create-network') return [[steps.make({ kind: 'remove-network', name: step.network.name })]];
    if (step.kind === 'create-volume' && !mounted.has(step.volume.name)) return [[steps.make({ kind: 'remove-volume', name: step.volume.name })]];
    return [];
  });
}

function keptJobs(runs: JobRun[], onRollback: RollbackInput['onRollback']): string[] {
  return runs.filter(({ service }) => typeof onRollback[service] !== 'object').map((run) => `${nameRun(run)} ${run.failed ? 'stays as far as it came' : 'ran and stays applied'}`);
}

/**
 * The way back from a deployment that ended without a word (terminated, or its history lost): what it
 * started goes, what was committed before it and does not run comes up again, by phase.
 */
export function planSettlement(instances: readonly ObservedInstance[], committed: number, host: string, taskQueue: string): RollbackPlan {
  const steps = new StepFactory(host, taskQueue);
  const leftovers = instances.filter(({ deployment }) => deployment > committed);
  const stopped = newest(instances.filter(({ deployment, kind }) => deployment <= committed && kind === 'service')).filter(({ state }) => state !== 'running' && state !== 'restarting');
  const stage = (title: string, of: ObservedInstance[], lane: (instance: ObservedInstance) => Lane, descending: boolean) =>
    [...new Set(of.map(({ phase }) => phase))].sort((a, b) => (descending ? b - a : a - b)).map((phase) => ({ title: `${title} of phase ${phase}`, lanes: of.filter((each) => each.phase === phase).map(lane) }));
  const down = stage('leftovers', leftovers, (instance) => {
    const wait = instance.kind === 'job' && instance.state === 'running' ? [steps.make({ kind: 'run-job', instance: toRef(instance) }, instance.service)] : [];
    return [...wait, steps.about('remove', toRef(instance))];
  }, true);
  const retired = stopped.filter(({ policy, restart }) => policy !== restart);
  const up = stage('instances', leftovers.length > 0 ? stopped : retired, (instance) => [steps.about('revive', toRef(instance))], false);
  return { stages: [...down, ...up], notUndone: [] };
}

/** Of each ordinal of a service the instance that was committed last: an older one has been replaced, and stays retired. */
function newest(instances: ObservedInstance[]): ObservedInstance[] {
  const latest = new Map<string, ObservedInstance>();
  for (const instance of instances) {
    const key = `${instance.service}-${instance.ordinal}`;
    if (instance.deployment >= (latest.get(key)?.deployment ?? 0)) latest.set(key, instance);
  }
  return [...latest.values()];
}
