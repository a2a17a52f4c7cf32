import { tableOf } from '../../balancer/tables';
import { lanesOf, type Lane, type PlannedService, type Stage, type StepOf } from '../plan';
import { addressesOf } from '../undo/new-instances';
import { restoreNames, restoreTraffic } from '../undo/old-instances';
import { hasGoneTooFar } from '../undo/started-service';
import { StepFactory } from '../steps';

/**
 * Moves requests away from a failed new instance before anything else is undone: back to the old set if all of it still
 * runs, else to the other serving instances.
 */
export function planDiversion(service: PlannedService, started: ReadonlySet<string>, failed: string): Stage[] {
  const steps = lanesOf(service)
    .flat()
    .filter(({ id }) => started.has(id));
  const each = { service, phase: 0, steps };
  const stages = hasGoneTooFar(steps)
    ? [around(service, steps, failed)]
    : [restoreNames(each), [...restoreTraffic(each), ...selectBack(steps)]];
  return stages.filter((stage) => stage.length > 0);
}

function around({ name }: PlannedService, steps: Lane, failed: string): Stage {
  const last = steps.filter((step) => step.kind === 'route').at(-1) as StepOf<'route'> | undefined;
  const started = steps.find((step) => step.kind === 'start' && step.instance.name === failed) as
    StepOf<'start'> | undefined;
  if (!last || !started) return [];
  const sick = new Set(addressesOf(started.instance, steps));
  const tables = last.tables.map(({ route, targets }) =>
    tableOf(route, [
      { weight: 100, addresses: targets.map(({ address }) => address).filter((address) => !sick.has(address)) },
    ]),
  );
  if (tables.some(({ targets }) => targets.length === 0)) return [];
  const { ordinal } = started.instance;
  return [
    [
      StepFactory.beside(last).make(
        {
          kind: 'route',
          label: `route ${name} around its new instance ${ordinal}`,
          balancer: last.balancer,
          tables,
          before: last.tables,
        },
        name,
      ),
    ],
  ];
}

/** On a cluster: back to the service's own workload. */
function selectBack(steps: Lane): Stage {
  const selected = steps.find((step) => step.kind === 'select');
  return selected?.kind === 'select'
    ? [[StepFactory.beside(selected).make({ kind: 'select', instance: selected.instance }, selected.service)]]
    : [];
}
