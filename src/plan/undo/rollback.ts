import { balancerName } from '../../model/traffic';
import { jobRuns, nameRun, type JobRun } from '../service/job-runs';
import type { Lane, Plan, Step } from '../plan';
import { StepFactory } from '../steps';
import { drainAndRemove, stopAndRemove } from './new-instances';
import { restoreInstances, restoreNames, restoreRouting, restoreTraffic } from './old-instances';
import type { RollbackInput, RollbackPlan } from './rollback-plan';
import { withEarlyStopsApart } from './early-stops';
import { hasGoneTooFar, startedOf, type StartedService } from './started-service';

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
  const all = withEarlyStopsApart(
    plan.phases.flatMap((phase) => phase.services.map((service) => startedOf(phase, service, started))),
  ).filter((each) => each.steps.length > 0);
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
      title: 'load balancer',
      lanes: loadBalancer.map((each) => undoLoadBalancer(each, onRollback)).filter((lane) => lane.length > 0),
    },
    { title: 'network names', lanes: switchable.flatMap((each) => restoreNames(each)) },
    {
      title: 'routes and requests',
      lanes: all.flatMap((each) => [
        ...restoreRouting(each),
        ...(switchable.includes(each) ? restoreTraffic(each) : []),
      ]),
    },
    ...byPhase(inPlace, 'down', true, ({ steps, phase }) =>
      steps.flatMap((step) => stopAndRemove(step, onRollback, phase >= fromBehind)),
    ),
    ...byPhase(
      restored.filter((each) => !loadBalancer.includes(each)),
      'up',
      false,
      (each) => restoreInstances(each),
    ),
    { title: 'network names of restarted instances', lanes: restored.flatMap((each) => restoreNames(each)) },
    { title: 'requests to restarted instances', lanes: restored.flatMap((each) => restoreTraffic(each)) },
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

/** One stage a phase, or a level of it: the last phase first on the way down, removed services first on the way up. */
function byPhase(
  services: StartedService[],
  way: string,
  descending: boolean,
  lanes: (each: StartedService) => Lane[],
): RollbackPlan['stages'] {
  const order = (phase: number) => (descending ? -Math.abs(phase) : phase);
  const places = new Map(services.map(({ phase, level = 0 }) => [`${phase}/${level}`, { phase, level }]));
  const sorted = [...places.values()].sort((a, b) => order(a.phase) - order(b.phase) || a.level - b.level);
  return sorted.map((place) => ({
    title: place.phase < 0 ? `removed services ${way}` : `phase ${place.phase} ${way}`,
    lanes: services
      .filter(({ phase, level = 0 }) => phase === place.phase && level === place.level)
      .flatMap((each) => lanes(each)),
  }));
}

/**
 * Where two load balancers can run side by side, the old one starts before the new one stops, with the time in between
 * that the deployment gave the new one.
 */
function undoLoadBalancer(each: StartedService, onRollback: RollbackInput['onRollback']): Lane {
  const down = each.steps.flatMap((step) => stopAndRemove(step, onRollback)).flat();
  const up = restoreInstances(each).flat();
  if (!each.service.beside) return [...down, ...up];
  return up.length === 0 ? down : [...up, ...holdsOf(each), ...down];
}

function holdsOf({ steps }: StartedService): Lane {
  return steps.flatMap((step) =>
    step.kind === 'hold'
      ? [
          StepFactory.beside(step).make(
            { kind: 'hold', at: 'old', label: 'watch the old load balancer', durationMs: step.durationMs },
            step.service,
          ),
        ]
      : [],
  );
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
