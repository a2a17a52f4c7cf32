import { toRef } from '../service/instance-spec';
import type { Lane, StepOf } from '../plan';
import { StepFactory } from '../steps';
import { isReplacement, retirementsOf, type StartedService } from './started-service';

/** The part of a rollback that restores old instances, their names and their requests. */

/** Restores the routes of the load balancer. */
export function restoreRouting({ steps: started }: StartedService): Lane[] {
  return started.flatMap((step) =>
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

/** Restores network names. This precedes the requests: an instance leaves its networks for a moment to get names. */
export function restoreNames({ steps: started }: StartedService): Lane[] {
  return started.flatMap((step) =>
    step.kind === 'attach' && isTaken(step)
      ? [[StepFactory.beside(step).attach(step.instance, step.before, step.networks)]]
      : [],
  );
}

/** Sends requests where they went before the first step that moved them. */
export function restoreTraffic({ service, steps: started }: StartedService): Lane[] {
  const first = started.find((step) => step.kind === 'route');
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

/** Starts retired instances again, side by side, and restores workloads. */
export function restoreInstances({ steps: started }: StartedService): Lane[] {
  return started.flatMap((step): Lane[] => {
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
