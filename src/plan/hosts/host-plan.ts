import { hasWorkloads } from '../../model/runtimes';
import type { VolumeSpec } from '../../model/resources';
import type { Stack } from '../../model/stack';
import { oldestMinor } from '../../kubernetes/version';
import type { Observation } from '../../model/observation';
import { checkCapacity } from '../resources/capacity';
import { displacedServices } from '../resources/displaced';
import { Traffic } from '../traffic/traffic';
import type { HostObservation } from './view';
import { toRef } from '../service/instance-spec';
import { fitsPlatform } from '../../model/images';
import { imagesOf } from '../resources/images';
import { stopJoinedFirst } from '../followers/early-stops';
import { Followed } from '../followers/followed';
import { refuseOutside } from '../followers/outside';
import { inOrderOfFollowing } from '../followers/in-order';
import { ObservationIndex } from '../observation-index';
import { refuseOldEngine } from '../resources/engine-features';
import { planNetworks } from '../resources/networks';
import {
  lanesOf,
  servicesOf,
  stepsOf,
  type Intent,
  type Plan,
  type PlannedPhase,
  type PlannedService,
  type Refusal,
  type Step,
} from '../plan';
import { imageChange, leave, planService } from '../service/planned-service';
import type { PlanInput } from '../plan-input';
import { PortAllocator } from '../resources/ports';
import { planRemovals, type Removals } from '../undo/removals';
import type { ServicePlanning } from '../service/service-planning';
import { StepFactory } from '../steps';
import { strategyOf } from '../strategies/strategy-of';
import { refuseShared } from '../traffic/shared-routes';
import { refuseImageVolumes, warnOfTurns, withImageVolumes } from '../resources/image-volumes';
import { warnOfUnnamedVolumes } from '../resources/unnamed-volumes';
import { planVolumes } from '../resources/volumes';

export interface HostPlanInput extends PlanInput, HostObservation {
  /** Phase of every service, of other hosts too. */
  phases: Record<string, number>;
  /** Services outside the scope of a limited deployment. */
  left: ReadonlySet<string>;
}

/** The plan of one host. */
export interface HostPlan extends Pick<Plan, 'pulls' | 'preparation' | 'cleanup' | 'warnings' | 'newVolumes'> {
  removals: Removals;
  phases: PlannedPhase[];
  refusals: Refusal[];
  planning: ServicePlanning;
}

/** Plans the part of a stack on one host. */
export function planHost(input: HostPlanInput): HostPlan {
  const { observation, intent, phases, left, name, taskQueue } = input;
  const steps = new StepFactory({
    host: observation.capacity.host,
    taskQueue,
    ...(name !== undefined && { named: true }),
  });
  const displaced = displacedServices(input.stack, observation, left);
  const known = new ObservationIndex(without(displaced, observation));
  const stack = input.leavesImageVolumes ? input.stack : withImageVolumes(input.stack, known);
  const networks = planNetworks(stack, observation);
  const volumes = planVolumes(stack, observation);
  const planning: ServicePlanning = {
    ...input,
    stack,
    known,
    followed: new Followed(known),
    release: input.release.to,
    ports: new PortAllocator(stack, observation, displaced),
    traffic: new Traffic(stack, known, steps, left),
    steps,
  };

  const planned = planServices(phases, left, planning);
  const capacity = checkCapacity(stack, observation, besideOld(planned, stack));
  const removals = planRemovals({
    stack,
    observation,
    displaced,
    planned,
    last: Math.max(0, ...Object.values(phases)),
    traffic: planning.traffic,
    steps,
  });
  const all = [...removals.first, ...planned, ...removals.last];
  stopJoinedFirst(all, observation.instances);
  const stops = intent.kind === 'stop';
  const newVolumes = stops ? [] : volumes.create.filter(isNeeded(planned, input.stack));
  return {
    planning,
    phases: planned,
    removals,
    pulls: planPulls(planned, stack, observation, intent, steps),
    preparation: stops
      ? []
      : [
          ...networks.create.map((network): Step => steps.make({ kind: 'create-network', network })),
          ...newVolumes.map((volume): Step => steps.make({ kind: 'create-volume', volume })),
        ],
    cleanup: [
      ...cleanup(all, observation, steps),
      ...networks.obsolete
        .filter(() => !intent.services)
        .map((obsolete) => steps.make({ kind: 'remove-network' as const, name: obsolete })),
    ],
    warnings: [
      ...capacity.warnings,
      ...warnOfUnnamedVolumes(planned, stack, known),
      ...warnOfTurns(planned, input.stack, stack),
      ...warnOfUnreadable(observation),
      ...(stops ? [] : warnOfUnmaskedSecrets(known)),
    ],
    newVolumes: newVolumes.map((volume) => volume.name),
    refusals: stops
      ? []
      : [
          ...networks.refusals,
          ...volumes.refusals,
          ...refuseImageVolumes(stack),
          ...refuseOldEngine(stack, observation),
          ...refuseOutside(planned, stack, observation),
          ...capacity.refusals,
          ...planning.ports.refusals,
          ...refuseShared(stack, observation),
          ...reachable(stack, observation),
          ...elsewhere(observation),
          ...unfit(stack, observation),
          ...(observation.refused ?? []),
        ],
  };
}

/** Volumes of the file are created at once; those that only an image declares, for an instance that mounts them. */
function isNeeded(planned: PlannedPhase[], { volumes }: Stack): (volume: VolumeSpec) => boolean {
  const mounted = new Set(
    stepsOf(planned).flatMap((step) =>
      step.kind === 'start' || step.kind === 'create-job'
        ? step.instance.mounts.flatMap((mount) => (mount.type === 'volume' ? [mount.volume] : []))
        : [],
    ),
  );
  return ({ key, name }) => Object.hasOwn(volumes, key) || mounted.has(name);
}

/** The rest of the plan ignores displaced services, which are stopped first. */
function without(displaced: ReadonlySet<string>, observation: Observation): Observation {
  if (displaced.size === 0) return observation;
  return { ...observation, instances: observation.instances.filter(({ service }) => !displaced.has(service)) };
}

/** The extra instances of each service while old and new ones run in parallel. */
function besideOld(phases: PlannedPhase[], { services }: Stack): Record<string, number> {
  return Object.fromEntries(
    servicesOf(phases)
      .filter(({ beside }) => beside)
      .map((planned) => {
        const starts = lanesOf(planned)
          .flat()
          .filter(({ kind }) => kind === 'start').length;
        const strategy = strategyOf(services[planned.name]!);
        return [planned.name, strategy.kind === 'rolling' ? Math.min(starts, strategy.maxSurge) : starts];
      }),
  );
}

function planServices(
  phaseOf: Record<string, number>,
  left: ReadonlySet<string>,
  planning: ServicePlanning,
): PlannedPhase[] {
  const { stack, followed } = planning;
  const of = new Map<string, PlannedService>();
  for (const service of inOrderOfFollowing(stack.services)) {
    const { name } = service;
    const planned = left.has(name) ? leave(service) : planService(service, phaseOf[name]!, planning);
    planned.changes = planned.changes.map((change) => imageChange(change, service, planning));
    followed.note(planned);
    of.set(name, planned);
  }
  const phases = new Map<number, PlannedService[]>();
  for (const name of Object.keys(stack.services)) {
    const [number, planned] = [phaseOf[name]!, of.get(name)!];
    const others = phases.get(number);
    if (others) others.push(planned);
    else phases.set(number, [planned]);
  }
  return [...phases]
    .sort(([a], [b]) => a - b)
    .map(([number, services]): PlannedPhase => ({ number, kind: 'deploy', services }));
}

function planPulls(
  phases: PlannedPhase[],
  stack: Stack,
  observation: Observation,
  intent: Intent,
  steps: StepFactory,
): Plan['pulls'] {
  if (hasWorkloads(stack)) return [];
  const present = new Map(observation.images.filter(({ id }) => id).map((image) => [image.reference, image]));
  const pulls = new Map<string, Plan['pulls'][number]>();
  for (const { name, action } of servicesOf(phases)) {
    const service = stack.services[name];
    if (!service || action === 'leave' || action === 'remove') continue;
    const fresh = intent.fresh && (intent.services ?? [name]).includes(name) && service.pullPolicy !== 'never';
    const policy = fresh ? 'always' : service.pullPolicy;
    const { platform, pullAfterMs: afterMs } = service;
    for (const reference of imagesOf(service)) {
      const image = present.get(reference);
      if (policy === 'always' || !image || !fitsPlatform(image, platform))
        pulls.set(
          reference,
          steps.make({
            kind: 'pull',
            image: {
              reference,
              policy,
              ...(afterMs !== undefined && !fresh && { afterMs }),
              ...(platform !== undefined && { platform }),
            },
          }),
        );
    }
  }
  return [...pulls.values()];
}

/** Removes retired instances, and the previous runs of jobs, after the commit. */
function cleanup(phases: PlannedPhase[], observation: Observation, steps: StepFactory): Step[] {
  const superseded = new Set(servicesOf(phases).flatMap((service) => service.superseded));
  return observation.instances
    .filter(({ name }) => superseded.has(name))
    .map((instance) => steps.about('remove', toRef(instance)));
}

/** Refuses a new namespace while the stack still runs in another one. */
function elsewhere({ elsewhere: namespaces = [] }: Observation): Refusal[] {
  return namespaces.map((namespace) => ({
    path: 'infrastructure.kubernetes.namespace',
    message:
      `the stack still runs in the namespace ${namespace}; keep that namespace, ` +
      'or name it and run `deploy-code stop` first',
  }));
}

/** Refuses a cluster that is too old or lacks the Gateway API. */
function unfit({ services }: Stack, { lacksGateways, tooOld, capacity: { host } }: Observation): Refusal[] {
  const old =
    tooOld !== undefined && Object.keys(services).length > 0
      ? [
          {
            path: 'infrastructure',
            message:
              `${host} is Kubernetes ${tooOld}; the engine needs 1.${oldestMinor} or ` +
              'newer: upgrade the cluster, or deploy to another one',
          },
        ]
      : [];
  return lacksGateways
    ? [
        ...old,
        {
          path: 'infrastructure.kubernetes.gateway',
          message:
            'the cluster lacks gateway.networking.k8s.io/v1; ' +
            'install the Gateway API there, or remove gateway to use an Ingress',
        },
      ]
    : old;
}

/** Warns about instances that the engine does not touch because it cannot read their labels. */
function warnOfUnreadable({ unreadable = [] }: Observation): string[] {
  return unreadable.map(
    ({ name, why, remove = `docker rm -f ${name}` }) =>
      `${name} is left alone: ${why}; remove it with \`${remove}\` if it is not needed`,
  );
}

/** Refuses relative bind mounts on another machine. */
function reachable(stack: Stack, { capacity }: Observation): Refusal[] {
  if (capacity.local) return [];
  return Object.values(stack.services).flatMap((service) =>
    service.mounts.flatMap((mount, index) =>
      mount.type === 'bind' && mount.relative
        ? [
            {
              path: `services.${service.name}.volumes.${index}`,
              message:
                `a relative bind mount does not work on ${capacity.host}, which is another machine; use ` +
                'configs for files, a volume for data, or an absolute path of that host',
            },
          ]
        : [],
    ),
  );
}

function warnOfUnmaskedSecrets(known: ObservationIndex): string[] {
  return known
    .unmaskedSecrets()
    .map(({ name, isEmpty }) =>
      isEmpty
        ? `the secret ${name} is empty`
        : `the secret ${name} has fewer than four characters, so it cannot be masked in logs and messages`,
    );
}
