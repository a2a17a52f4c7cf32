import type { Stack } from '../config/stack';
import type { Observation } from '../model/observation';
import { balancerName } from '../model/traffic';
import { checkCapacity } from './capacity';
import { estimate } from './estimate';
import { withDependencies } from './graph';
import { toRef } from './instance-spec';
import { Traffic } from './front/traffic';
import { imagesOf } from './images';
import { Known } from './known';
import { planNetworks } from './networks';
import { assignPhases } from './phases';
import { lanesOf, servicesOf, type Intent, type Plan, type PlannedPhase, type PlannedService, type Refusal, type Step } from './plan';
import { imageChange, leave, planService } from './planned-service';
import type { ServicePlanning } from './service-planning';
import { PortAllocator } from './ports';
import { planRemovals } from './removals';
import { StepFactory } from './steps';
import { warnOfUnnamedVolumes } from './unnamed-volumes';
import { strategyOf } from './strategies/strategy-of';
import { planVolumes } from './volumes';

export interface PlanInput {
  stack: Stack;
  observation: Observation;
  intent: Intent;
  deployment: number;
  release: { from?: number; to: number };
  /** Hash of the last successful run of each job. */
  jobs: Record<string, string>;
  taskQueue: string;
}

export interface Planning {
  plan: Plan;
  /** Reasons not to perform it. Nothing has been touched. */
  refusals: Refusal[];
}

/** Stack + what was observed + capacity -> plan. Pure: the same input gives the same plan. */
export function makePlan(input: PlanInput): Planning {
  const { observation, intent } = input;
  const stack = intent.kind === 'stop' ? withoutServices(input.stack, intent.services) : input.stack;
  const steps = new StepFactory(observation.capacity.host, input.taskQueue);
  const phases = assignPhases(stack.services);
  const networks = planNetworks(stack, observation);
  const volumes = planVolumes(stack, observation);
  const known = new Known(observation);
  const left = leftAlone(stack, intent);
  const planning: ServicePlanning = { ...input, stack, known, release: input.release.to, ports: new PortAllocator(stack, observation), traffic: new Traffic(stack, known, steps, left), steps };

  const planned = planServices(phases.of, left, planning);
  const capacity = checkCapacity(stack, observation, besideOld(planned, stack));
  const removals = planRemovals(stack, observation, planned, planning.traffic, steps);
  const preparation: Step[] = intent.kind === 'stop' ? [] : [
    ...networks.create.map((network) => steps.make({ kind: 'create-network' as const, network })),
    ...volumes.create.map((volume) => steps.make({ kind: 'create-volume' as const, volume })),
  ];
  const all = [...removals.first, ...planned, ...removals.last];
  const plan: Plan = {
    stack: stack.name,
    environment: stack.environment,
    runtime: stack.runtime,
    host: observation.capacity.host,
    deployment: input.deployment,
    release: input.release,
    maxParallel: stack.deployment.maxParallel,
    pulls: planPulls(planned, stack, observation, intent, steps),
    preparation,
    phases: all,
    cleanup: [...cleanup(all, observation, steps), ...networks.obsolete.filter(() => !intent.services).map((name) => steps.make({ kind: 'remove-network' as const, name }))],
    warnings: [...capacity.warnings, ...warnOfUnnamedVolumes(planned, stack, planning.known)],
    newVolumes: intent.kind === 'stop' ? [] : volumes.create.map(({ name }) => name),
    estimateMs: estimate(all),
  };
  const refusals = intent.kind === 'stop' ? [] : [
    ...phases.refusals, ...networks.refusals, ...volumes.refusals, ...capacity.refusals, ...planning.ports.refusals, ...reachable(stack, observation), ...unknown(intent, stack),
  ];
  return { plan, refusals: refusals.filter(({ forceable }) => !(forceable && intent.force)) };
}

/** How many instances of services run beyond the wanted ones while old and new ones run side by side. */
function besideOld(phases: PlannedPhase[], { services }: Stack): Record<string, number> {
  return Object.fromEntries(servicesOf(phases).filter(({ beside }) => beside).map((planned) => {
    const starts = lanesOf(planned).flat().filter(({ kind }) => kind === 'start').length;
    const strategy = strategyOf(services[planned.name]!);
    return [planned.name, strategy.kind === 'rolling' ? Math.min(starts, strategy.maxSurge) : starts];
  }));
}

function withoutServices(stack: Stack, names: string[] | undefined): Stack {
  return { ...stack, services: Object.fromEntries(Object.entries(stack.services).filter(([name]) => names && !names.includes(name))) };
}

function planServices(phaseOf: Record<string, number>, left: ReadonlySet<string>, planning: ServicePlanning): PlannedPhase[] {
  const { stack } = planning;
  const phases = new Map<number, PlannedService[]>();
  for (const service of Object.values(stack.services)) {
    const number = phaseOf[service.name]!;
    const planned = left.has(service.name) ? leave(service) : planService(service, number, planning);
    planned.changes = planned.changes.map((change) => imageChange(change, service, planning));
    phases.set(number, [...(phases.get(number) ?? []), planned]);
  }
  const result = [...phases].sort(([a], [b]) => a - b).map(([number, services]): PlannedPhase => ({ number, kind: 'deploy', services }));
  gateKept(result, planning);
  return result;
}

/** What a deployment does not look at: all but the services asked for, what they depend on, and the load balancer of any that is exposed. */
function leftAlone({ services, front }: Stack, intent: Intent): Set<string> {
  if (intent.kind === 'stop') return new Set(Object.keys(services));
  if (!intent.services) return new Set();
  const selected = withDependencies(services, intent.services);
  if (front?.routes.some(({ service }) => selected.has(service))) selected.add(balancerName);
  return new Set(Object.keys(services).filter((name) => !selected.has(name)));
}

/** A service that stays must be healthy before something that depends on its health starts. */
function gateKept(phases: PlannedPhase[], { stack, known, steps }: ServicePlanning): void {
  const acting = servicesOf(phases).filter((service) => lanesOf(service).length > 0).map(({ name }) => name);
  const needed = new Set(acting.flatMap((name) => Object.entries(stack.services[name]!.dependsOn).filter(([, condition]) => condition === 'healthy').map(([dependency]) => dependency)));
  for (const planned of servicesOf(phases)) {
    if (planned.action !== 'keep' || !needed.has(planned.name)) continue;
    const { healthCheck } = stack.services[planned.name]!;
    planned.stages = [known.instancesOf(planned.name).map((instance) => [steps.about('await-healthy', { ...toRef(instance), healthCheck })])];
  }
}

function planPulls(phases: PlannedPhase[], stack: Stack, observation: Observation, intent: Intent, steps: StepFactory): Plan['pulls'] {
  const present = new Set(observation.images.filter(({ id }) => id).map(({ reference }) => reference));
  const pulls = new Map<string, Plan['pulls'][number]>();
  for (const { name, action } of servicesOf(phases)) {
    const service = stack.services[name];
    if (!service || action === 'leave' || action === 'remove') continue;
    const fresh = intent.fresh && (intent.services ?? [name]).includes(name) && service.pullPolicy !== 'never';
    const policy = fresh ? 'always' : service.pullPolicy;
    for (const reference of imagesOf(service)) if (policy === 'always' || !present.has(reference)) pulls.set(reference, steps.make({ kind: 'pull', image: { reference, policy } }));
  }
  return [...pulls.values()];
}

/** After the commit, what was retired goes, and so do the finished runs of jobs that ran again. */
function cleanup(phases: PlannedPhase[], observation: Observation, steps: StepFactory): Step[] {
  const goes = new Set(servicesOf(phases).flatMap((service) => service.goes));
  return observation.instances.filter(({ name }) => goes.has(name)).map((instance) => steps.about('remove', toRef(instance)));
}

/** Files of this machine are of no use to an engine on another one. */
function reachable(stack: Stack, { capacity }: Observation): Refusal[] {
  if (capacity.local) return [];
  return Object.values(stack.services).flatMap((service) =>
    service.mounts.flatMap((mount, index) =>
      mount.type === 'bind' && mount.relative
        ? [{ path: `services.${service.name}.volumes.${index}`, message: `a relative bind mount has no meaning on ${capacity.host}, another machine; use configs for files, a volume for data, or an absolute path of that host` }]
        : [],
    ),
  );
}

function unknown({ services = [] }: Intent, stack: Stack): Refusal[] {
  return services.filter((name) => !stack.services[name]).map((name) => ({ path: 'services', message: `there is no service "${name}"; there are ${Object.keys(stack.services).join(', ')}` }));
}
