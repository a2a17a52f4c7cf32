import { runtimeTraits } from '../model/runtimes';
import { runtimeOf } from '../model/stack/runtime-of';
import type { Stack } from '../model/stack';
import type { Observation } from '../model/observation';
import { balancerName } from '../model/traffic';
import { estimate } from './estimate';
import { withDependencies } from './graph';
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
  /** Reasons not to perform it. Nothing has been touched. */
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

/** Stack + what was observed + capacity -> plan. Pure: the same input gives the same plan. */
export function planOver(input: PlanInput, { views: seen, placed, lost = [] }: StackObservation): Planning {
  const { intent } = input;
  const stack = intent.kind === 'stop' ? withoutServices(input.stack, intent.services) : input.stack;
  const phases = assignPhases(stack.services);
  const left = leftAlone(stack, intent);
  const views = seen.map((view) => asOf(view, stack));
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
      ...lost.map((host) => `the host ${host} is left out: what it has of the stack stays as it is`),
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
          ...otherThanSaid(views, stack),
          ...sameTwice(views),
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

/** Its worker has taken a host for something else than the file does. */
function otherThanSaid(views: readonly HostObservation[], stack: Stack): Refusal[] {
  return views.flatMap(
    ({
      name,
      observation: {
        capacity: { runtime },
      },
    }) => {
      const host = stack.hosts?.find((each) => each.name === name);
      if (!host || runtime === undefined || runtime === runtimeOf(host, stack)) return [];
      const [is, said] = [runtime, runtimeOf(host, stack)].map((each) => runtimeTraits[each].host);
      return [
        {
          path: `infrastructure.hosts.${host.name}`,
          message:
            `is ${is} for the worker that serves it, and ${said} in this file; ` +
            'start that worker with this file, or correct the file',
        },
      ];
    },
  );
}

/** Of one engine or cluster two hosts would take each other's networks. */
function sameTwice(views: readonly HostObservation[]): Refusal[] {
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
                `is the same as ${other}: one Docker Engine or cluster; name ` +
                'it once, or correct where its worker finds it',
            },
          ];
    },
  );
}

/** A host that the stack names may hold less than there is. */
function asOf(view: HostObservation, { hosts }: Stack): HostObservation {
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
 * What a deployment does not look at: all but the services asked for, what they depend on, and the load balancer of any
 * that is exposed.
 */
function leftAlone({ services, front }: Stack, intent: Intent): Set<string> {
  if (intent.kind === 'stop') return new Set(Object.keys(services));
  if (!intent.services) return new Set();
  const selected = withDependencies(services, intent.services);
  if (front?.routes.some(({ service }) => selected.has(service))) selected.add(balancerName);
  return new Set(Object.keys(services).filter((name) => !selected.has(name)));
}

/** A service that stays must be healthy before something that depends on its health starts, be it on another host. */
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

/** A job that only people run opens no gate before somebody has run it once. */
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
      message: `there is no service "${name}"; there are ${Object.keys(stack.services).join(', ')}`,
    }));
}
