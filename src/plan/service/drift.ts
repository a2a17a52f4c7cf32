import type { Service, Stack } from '../../model/stack';
import type { Observation } from '../../model/observation';
import { alterationsOf } from './alterations';
import { acts, type Plan, type PlannedService } from '../plan';
import { makePlan } from '../planner';

export interface DriftInput {
  stack: Stack;
  observation: Observation;
  deployment: number;
  release: number;
  /** Hash of the last successful run of each job, and of each service that has completed. */
  jobs: Record<string, string>;
}

/** Differences from a release that no deployment made and a repair would undo, in sentences. */
export function findDrift({ stack, observation, deployment, release, jobs }: DriftInput): string[] {
  const { plan } = makePlan({
    stack,
    observation,
    intent: { kind: 'repair', force: false },
    deployment: deployment + 1,
    release: { from: release, to: release },
    jobs,
    taskQueue: '',
  });
  return [
    ...surroundings(plan),
    ...plan.phases.flatMap(({ kind, services }) =>
      services
        .filter(acts)
        .flatMap((planned) =>
          kind === 'removals'
            ? unexpected(planned, observation)
            : differences(planned, stack.services[planned.name]!, observation, jobs),
        ),
    ),
  ];
}

function surroundings({ preparation }: Plan): string[] {
  return preparation.flatMap((step) => {
    if (step.kind === 'create-network') return [`the network ${step.network.name} is missing`];
    return step.kind === 'create-volume' ? [`the volume ${step.volume.name} is missing`] : [];
  });
}

function unexpected({ name }: PlannedService, { instances }: Observation): string[] {
  return instances
    .filter(({ service }) => service === name)
    .map((instance) => `${instance.name} does not belong to the release`);
}

/**
 * Ignores instances that are down: the health watch reports those. A service that has completed may be cleared away.
 */
function differences(
  { name, kind, replicas, changes, superseded }: PlannedService,
  service: Service,
  { instances }: Observation,
  jobs: DriftInput['jobs'],
): string[] {
  if (kind === 'job') return [];
  const present = instances.filter(({ service }) => service === name);
  if (present.length === 0 && service.mayComplete && jobs[name] !== undefined) return [];
  const missing = Array.from({ length: replicas }, (_, index) => index + 1).filter(
    (ordinal) => !present.some((instance) => instance.ordinal === ordinal),
  );
  const surplus = present.filter(
    (instance) =>
      superseded.includes(instance.name) &&
      (instance.ordinal > replicas ||
        present.some(
          (other) => other.ordinal === instance.ordinal && other !== instance && !superseded.includes(other.name),
        )),
  );
  const altered = present.flatMap((instance) =>
    alterationsOf(service, instance).map((alteration) => `${instance.service}-${instance.ordinal} is ${alteration}`),
  );
  const isCounted = present.some((instance) => instance.replicas === undefined);
  const keys = changes.map(({ key }) => key).filter((key) => key !== 'state' && !(key === 'replicas' && isCounted));
  return [
    ...missing.map((ordinal) => `${name}-${ordinal} is missing`),
    ...surplus.map((instance) => `${instance.name} does not belong to the release`),
    ...altered,
    ...(keys.length > 0 ? [`${name} differs in ${keys.join(', ')}`] : []),
  ];
}
