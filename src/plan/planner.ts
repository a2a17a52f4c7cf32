import { runtimeTraits } from '../model/runtimes';
import { runtimeOf } from '../model/stack/runtime-of';
import type { Stack } from '../model/stack';
import type { Observation } from '../model/observation';
import { balancerName } from '../model/traffic';
import { estimate } from './estimate';
import { scopeOf } from './graph';
import { planHost, type HostPlan } from './hosts/host-plan';
import { inOrderOfPhases } from './hosts/merge';
import { portionOf } from './hosts/portion';
import { within, type HostObservation, type StackObservation } from './hosts/view';
import { toRef } from './service/instance-spec';
import { assignPhases } from './phases';
import type { PlanInput } from './plan-input';
import { lanesOf, servicesOf, type Intent, type Plan, type Refusal } from './plan';

export interface Planning {
  plan: Plan;
  /** Reasons not to perform the plan. */
  refusals: Refusal[];
}

/** The plan of a stack that runs on one host. */
export function makePlan({
  observation,
  taskQueue,
  ...input
}: PlanInput & { observation: Observation; taskQueue: string }): Planning {
  return planOver(input, { views: [{ taskQueue, observation }] });
}

/** Plans a stack over the observation of all its hosts. Pure: the same input gives the same plan. */
export function planOver(input: PlanInput, { views: seen, placed, lost = [] }: StackObservation): Planning {
  const { intent } = input;
  const stack = intent.kind === 'stop' ? withoutServices(input.stack, intent.services) : input.stack;
  const phases = assignPhases(stack.services);
  const left = excludedServices(stack, intent);
  const views = seen.map((view) => withStackLimits(view, stack));
  const parts = views.map((view) =>
    planHost({
      ...input,
      ...view,
      stack: placed ? portionOf(stack, view.name!, placed.placement, view.observation.capacity.runtime) : stack,
      phases: phases.of,
      left,
    }),
  );
  gateKept(parts, stack);
  const all = inOrderOfPhases(parts, stack);
  const plan: Plan = {
    stack: stack.name,
    environment: stack.environment,
    runtime: stack.runtime,
    host: views.map(({ observation }) => observation.capacity.host).join(', '),
    ...(placed && { placement: placed.placement }),
    deployment: input.deployment,
    release: input.release,
    maxParallel: stack.deployment.maxParallel,
    pulls: parts.flatMap(({ pulls }) => pulls),
    preparation: parts.flatMap(({ preparation }) => preparation),
    phases: all,
    cleanup: parts.flatMap(({ cleanup }) => cleanup),
    warnings: [
      ...lost.map((host) => `the host ${host} cannot be reached and is left out; its part of the stack stays as it is`),
      ...parts.flatMap(({ warnings }) => warnings),
    ],
    newVolumes: parts.flatMap(({ newVolumes }) => newVolumes),
    estimateMs: estimate(all),
  };
  const refusals =
    intent.kind === 'stop'
      ? []
      : [
          ...phases.refusals,
          ...(placed?.refusals ?? []),
          ...conflictingRuntimes(views, stack),
          ...duplicateHosts(views),
          ...neverRun(parts, input, stack),
          ...parts.flatMap((part) => part.refusals),
          ...unknown(intent, stack),
        ];
  return { plan, refusals: distinct(refusals).filter(({ forceable }) => !(forceable && intent.force)) };
}

/** Several hosts may refuse the same key of the stack. */
function distinct(refusals: readonly Refusal[]): Refusal[] {
  return [...new Map(refusals.map((refusal) => [`${refusal.path} ${refusal.message}`, refusal])).values()];
}

/** Refuses a host whose runtime differs between its worker and the stack file. */
function conflictingRuntimes(views: readonly HostObservation[], stack: Stack): Refusal[] {
  return views.flatMap(
    ({
      name,
      observation: {
        capacity: { runtime },
      },
    }) => {
      const host = stack.hosts?.find((each) => each.name === name);
      if (!host || runtime === undefined || runtime === runtimeOf(host, stack)) return [];
      const [actual, declared] = [runtime, runtimeOf(host, stack)].map((each) => runtimeTraits[each].host);
      return [
        {
          path: `infrastructure.hosts.${host.name}`,
          message:
            `is ${actual} to its worker, but ${declared} in this file; ` +
            'start the worker with this file, or correct the file',
        },
      ];
    },
  );
}

/** Refuses two names for one engine or cluster: the hosts would claim each other's networks. */
function duplicateHosts(views: readonly HostObservation[]): Refusal[] {
  const first = new Map<string, string>();
  return views.flatMap(
    ({
      name,
      observation: {
        capacity: { engine },
      },
    }) => {
      if (name === undefined || engine === undefined) return [];
      const other = first.get(engine);
      first.set(engine, other ?? name);
      return other === undefined
        ? []
        : [
            {
              path: `infrastructure.hosts.${name}`,
              message:
                `is the same Docker Engine or cluster as ${other}; ` +
                'name it once, or correct the address that its worker uses',
            },
          ];
    },
  );
}

/** Applies the stack's capacity limits of a host. */
function withStackLimits(view: HostObservation, { hosts }: Stack): HostObservation {
  const host = hosts?.find(({ name }) => name === view.name);
  return host ? within(view, host) : view;
}

function withoutServices(stack: Stack, names: string[] | undefined): Stack {
  return {
    ...stack,
    services: Object.fromEntries(Object.entries(stack.services).filter(([name]) => names && !names.includes(name))),
  };
}

/**
 * Services outside the scope of a limited deployment: all but the requested services, their dependencies, those that
 * follow them, and the load balancer of exposed ones.
 */
function excludedServices({ services, front }: Stack, intent: Intent): Set<string> {
  if (intent.kind === 'stop') return new Set(Object.keys(services));
  if (!intent.services) return new Set();
  const selected = scopeOf(services, intent.services);
  if (front?.routes.some(({ service }) => selected.has(service))) selected.add(balancerName);
  return new Set(Object.keys(services).filter((name) => !selected.has(name)));
}

/** Adds health gates to kept services whose dependants change, also on other hosts. */
function gateKept(parts: readonly HostPlan[], stack: Stack): void {
  const acting = parts
    .flatMap(({ phases }) => servicesOf(phases))
    .filter((service) => lanesOf(service).length > 0)
    .map(({ name }) => name);
  const needed = new Set(
    acting.flatMap((name) =>
      Object.entries(stack.services[name]!.dependsOn)
        .filter(([, condition]) => condition === 'healthy')
        .map(([dependency]) => dependency),
    ),
  );
  for (const {
    phases,
    planning: { known, steps },
  } of parts) {
    for (const planned of servicesOf(phases)) {
      if (planned.action !== 'keep' || !needed.has(planned.name)) continue;
      const { healthCheck } = stack.services[planned.name]!;
      planned.stages = [
        known
          .instancesOf(planned.name)
          .map((instance) => [steps.about('await-healthy', { ...toRef(instance), healthCheck })]),
      ];
    }
  }
}

/** Refuses services that depend on a manual job which has never completed. */
function neverRun(parts: readonly HostPlan[], { jobs }: PlanInput, { services }: Stack): Refusal[] {
  const planned = parts.flatMap((part) => servicesOf(part.phases));
  const starting = planned.filter(
    (service) => lanesOf(service).length > 0 && services[service.name]?.kind === 'service',
  );
  const hasSucceeded = (job: string) =>
    jobs[job] !== undefined ||
    parts.some(({ planning: { known } }) => known.instancesOf(job).some(({ exitCode }) => exitCode === 0));
  return starting.flatMap(({ name }) =>
    Object.entries(services[name]!.dependsOn)
      .filter(([job, condition]) => condition === 'completed' && services[job]?.run === 'manual' && !hasSucceeded(job))
      .map(([job]) => ({
        path: `services.${name}.depends_on.${job}`,
        forceable: true,
        message:
          `${job} is run by hand (run: manual) and has never completed. Run it ` +
          `first: \`deploy-code deploy --services ${job}\`, ` +
          `\`deploy-code run ${job}\`, then deploy again; or pass --force to start ${name} without it`,
      })),
  );
}

function unknown({ services = [] }: Intent, stack: Stack): Refusal[] {
  return services
    .filter((name) => !stack.services[name])
    .map((name) => ({
      path: 'services',
      message: `there is no service "${name}"; available: ${Object.keys(stack.services).join(', ')}`,
    }));
}
