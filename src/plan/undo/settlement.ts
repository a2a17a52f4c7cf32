import { sameTable, tableOf } from '../../balancer/tables';
import { runtimeTraits, type RuntimeName } from '../../model/runtimes';
import { isUp, type Observation, type ObservedInstance } from '../../model/observation';
import { balancerName, type RouteTable } from '../../model/traffic';
import { addressOf, drainAt } from '../traffic/service-traffic';
import { isTest } from '../traffic/test-spec';
import type { HostObservation } from '../hosts/view';
import { toRef } from '../service/instance-spec';
import type { Lane } from '../plan';
import type { RollbackPlan } from './rollback-plan';
import { StepFactory } from '../steps';

type Stages = RollbackPlan['stages'];

type Seen = Pick<Observation, 'instances' | 'traffic' | 'capacity'>;

/** The observed state of a host. */
export interface SettlementView extends Pick<HostObservation, 'name' | 'taskQueue'> {
  observation: Seen;
}

export interface SettlementInput {
  views: readonly SettlementView[];
  /** Number of the deployment whose instances are the committed ones. */
  committed: number;
  runtime: RuntimeName;
}

/**
 * Plans the rollback of a deployment that ended without a result (terminated, or its history lost): removes its
 * instances, and starts committed instances that do not run, by phase. Its instances behind the load balancer are
 * removed last, after requests and names are restored.
 */
export function planSettlement({ views, committed, runtime }: SettlementInput): RollbackPlan {
  const hosts = views.map((view) => settleHost(view, committed, view.observation.capacity.runtime ?? runtime));
  const isNeeded = hosts.some(({ leftovers, besideOld }) => leftovers.length + besideOld.length > 0);
  return {
    stages: [
      ...byPhase(
        'leftovers',
        hosts.flatMap(({ leftovers }) => leftovers),
        true,
      ),
      ...byPhase(
        'instances',
        hosts.flatMap(({ stopped, retired }) => (isNeeded ? stopped : retired)),
        false,
      ),
      ...hosts.flatMap(({ traffic }) => traffic),
      ...byPhase(
        'new instances',
        hosts.flatMap(({ besideOld }) => besideOld),
        true,
      ),
    ],
    notUndone: [],
  };
}

/** The steps for one instance. */
interface SettlementLane {
  phase: number;
  lane: Lane;
}

/** The settlement of one host. */
interface HostSettlement {
  leftovers: SettlementLane[];
  /** Committed instances that do not run; `retired`: those that the lost deployment had stopped. */
  stopped: SettlementLane[];
  retired: SettlementLane[];
  traffic: Stages;
  besideOld: SettlementLane[];
}

function settleHost(
  { name, taskQueue, observation }: SettlementView,
  committed: number,
  runtime: RuntimeName,
): HostSettlement {
  const { instances, traffic, capacity } = observation;
  const steps = new StepFactory(
    name === undefined ? { host: capacity.host, taskQueue } : { host: name, taskQueue, named: true },
  );
  const leftovers = instances.filter(({ deployment }) => deployment > committed);
  const current = newest(instances.filter(({ deployment, kind }) => deployment <= committed && kind === 'service'));
  const stopped = current.filter((instance) => !isUp(instance));
  const retired = stopped.filter(({ policy, restart }) => policy !== restart);
  const exposed = new Set(traffic?.front?.routes.map(({ service }) => service));
  const besideOld = leftovers.filter(
    ({ service, kind, beside }) =>
      beside !== undefined ||
      (kind === 'service' && exposed.has(service) && current.some((each) => each.service === service)),
  );
  const touched = new Set([...leftovers, ...retired].map(({ service }) => service));
  const toLane =
    (lane: (instance: ObservedInstance) => Lane) =>
    (instance: ObservedInstance): SettlementLane => ({ phase: instance.phase, lane: lane(instance) });
  const remove = (instance: ObservedInstance) =>
    instance.replaces === undefined
      ? [...wait(instance, steps), steps.about('remove', toRef(instance))]
      : [
          steps.make(
            { kind: 'restore' as const, instance: toRef(instance), deployment: instance.deployment },
            instance.service,
          ),
        ];
  const revive = toLane((instance) => [steps.about('revive', toRef(instance))]);
  return {
    leftovers: leftovers.filter((each) => !besideOld.includes(each)).map(toLane(remove)),
    stopped: stopped.map(revive),
    retired: retired.map(revive),
    traffic:
      touched.size > 0
        ? restoreTraffic(
            current.filter(({ service }) => touched.has(service) || service === balancerName),
            traffic?.tables ?? [],
            observation,
            runtime,
            steps,
          )
        : [],
    besideOld: besideOld.map(
      toLane((instance) => [...drain(instance, observation, runtime, steps), ...remove(instance)]),
    ),
  };
}

function byPhase(title: string, of: SettlementLane[], descending: boolean): Stages {
  const phases = [...new Set(of.map(({ phase }) => phase))].sort((a, b) => (descending ? b - a : a - b));
  return phases.map((phase) => ({
    title: `${title} of phase ${phase}`,
    lanes: of.filter((each) => each.phase === phase).map(({ lane }) => lane),
  }));
}

/** Waits for a running job instead of killing it; tests do not count as jobs. */
function wait(instance: ObservedInstance, steps: StepFactory): Lane {
  return instance.kind === 'job' && !isTest(instance) && instance.state === 'running'
    ? [steps.make({ kind: 'run-job', instance: toRef(instance) }, instance.service)]
    : [];
}

function drain(
  instance: ObservedInstance,
  { instances, traffic }: Seen,
  runtime: RuntimeName,
  steps: StepFactory,
): Lane {
  const balancer = instances.find(({ service, state }) => service === balancerName && state === 'running');
  const routes = (traffic?.front?.routes ?? []).filter(({ service }) => service === instance.service);
  const open = drainAt(instance, routes, balancer && toRef(balancer), runtime);
  return open ? [steps.make({ kind: 'drain', instance: toRef(instance), ...open }, instance.service)] : [];
}

/** Gives names and requests back to the committed instances. */
function restoreTraffic(
  current: ObservedInstance[],
  tables: RouteTable[],
  { traffic }: Seen,
  runtime: RuntimeName,
  steps: StepFactory,
): Stages {
  const balancer = current.find(({ service }) => service === balancerName);
  const hasNames = runtimeTraits[runtime].network === 'containers';
  const named = current.filter(({ names, service }) => hasNames && names && service !== balancerName);
  const wanted = (traffic?.front?.routes ?? []).map(({ key, service, port }) =>
    tableOf(key, [
      {
        weight: 100,
        addresses: current.filter((each) => each.service === service).map((each) => addressOf(each, port, runtime)),
      },
    ]),
  );
  const moved = wanted.filter(
    (table) =>
      table.targets.length > 0 &&
      !sameTable(
        tables.find(({ route }) => route === table.route),
        table,
      ),
  );
  return [
    ...(named.length > 0
      ? [
          {
            title: 'names',
            lanes: named.map((instance) => [steps.attach(toRef(instance), instance.names!, instance.names!)]),
          },
        ]
      : []),
    ...(balancer && moved.length > 0
      ? [
          {
            title: 'requests',
            lanes: [
              [
                steps.make(
                  {
                    kind: 'route',
                    label: 'route requests back',
                    balancer: toRef(balancer),
                    tables: moved,
                    before: tables,
                  },
                  balancerName,
                ),
              ],
            ],
          },
        ]
      : []),
  ];
}

/**
 * The last committed instance of each ordinal of a service. Older ones were replaced, and remain retired.
 */
function newest(instances: ObservedInstance[]): ObservedInstance[] {
  const latest = new Map<string, ObservedInstance>();
  for (const instance of instances) {
    const key = `${instance.service}-${instance.ordinal}`;
    if (instance.deployment >= (latest.get(key)?.deployment ?? 0)) latest.set(key, instance);
  }
  return [...latest.values()];
}
