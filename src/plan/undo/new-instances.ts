import type { InstanceSpec } from '../../model/instance';
import { toRef } from '../service/instance-spec';
import { lanesOf, type Lane, type PlannedService, type Step } from '../plan';
import { StepFactory } from '../steps';
import { defaultDrainMs } from '../traffic/service-traffic';
import type { RollbackInput } from './rollback-plan';
import { isReplacement, retirementsOf, type StartedService } from './started-service';

/** The part of a rollback that stops and removes new instances. */

/** Removes a new instance that ran beside old ones, after its open requests have ended. */
export function drainAndRemove(step: Step, { service, steps: started }: StartedService): Lane[] {
  const steps = StepFactory.beside(step);
  if (step.kind === 'test') return [[steps.about('remove', toRef(step.instance))]];
  if (step.kind !== 'start') return [];
  const route = started.find((each) => each.kind === 'route');
  const untitled = started.flatMap((each) =>
    each.kind === 'attach' && each.instance.name === step.instance.name
      ? [steps.unname(each.instance, each.networks)]
      : [],
  );
  const addresses = addressesOf(step.instance, started);
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

/** The drain timeout that the old instances would have had. */
function drainMsOf(service: PlannedService): number {
  const drains = lanesOf(service)
    .flat()
    .flatMap((step) =>
      step.kind === 'drain' ? [step.timeoutMs] : retirementsOf(step).flatMap(({ drain }) => drain?.timeoutMs ?? []),
    );
  return drains[0] ?? defaultDrainMs;
}

/** Addresses to which requests were routed to an instance. */
export function addressesOf({ name, ports }: Pick<InstanceSpec, 'name' | 'ports'>, started: Step[]): string[] {
  const own = ports.map(({ host }) => `127.0.0.1:${host}`);
  const sent = started.flatMap((step) =>
    step.kind === 'route' ? step.tables.flatMap(({ targets }) => targets.map(({ address }) => address)) : [],
  );
  return [...new Set(sent.filter((address) => address.startsWith(`${name}:`) || own.includes(address)))];
}

/** `whole`: also stops changed workloads, because a command that undoes a job needs their place. */
export function stopAndRemove(step: Step, onRollback: RollbackInput['onRollback'], whole = false): Lane[] {
  const steps = StepFactory.beside(step);
  if (isReplacement(step) && whole) return [[steps.about('retire', toRef(step.instance))]];
  if (step.kind === 'test') return [[steps.about('remove', toRef(step.instance))]];
  if (step.kind !== 'start' && step.kind !== 'create-job') return [];
  const remove = steps.about('remove', toRef(step.instance));
  if (step.kind === 'start') return [[remove]];
  const undo = onRollback[step.instance.service];
  return [[...(typeof undo === 'object' ? runUndo(step.instance, undo.command, steps) : []), remove]];
}

/** Runs the undo command of a job in the image of the job: only the newer image knows how. */
function runUndo(job: InstanceSpec, command: string[], steps: StepFactory): Lane {
  const instance: InstanceSpec = { ...job, name: `${job.name}-undo`, ordinal: 0, command, hash: `undo-${job.hash}` };
  const ref = toRef(instance);
  return [
    steps.make({ kind: 'create-job', instance }, job.service),
    steps.make({ kind: 'run-job', instance: ref }, job.service),
    steps.about('remove', ref),
  ];
}
