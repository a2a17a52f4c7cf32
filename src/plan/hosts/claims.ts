import type { Stack } from '../../model/stack';
import type { Claim, Claimed } from '../../model/host';
import type { Protocol, ResourceAmounts } from '../../model/instance';
import { lanesOf, servicesOf, type Plan, type PlannedService, type StepOf } from '../plan';
import type { StackObservation } from './view';

const amounts = ['cpus', 'memory', 'gpus', 'storage'] as const;

/** Ports and resources that a plan needs, by task queue of the host; hosts without any are left out. */
export function claimsOf(plan: Plan, { services }: Stack): Map<string, Claim> {
  const claims = new Map<string, Claim>();
  for (const planned of servicesOf(plan.phases)) {
    for (const { taskQueue, instance } of startsOf(planned)) {
      const claim = claims.get(taskQueue) ?? { ports: [], reserve: {} };
      if (!instance.workload) claim.ports.push(...instance.ports.map(({ host, protocol }) => `${host}/${protocol}`));
      if (isMore(planned)) add(claim.reserve, services[planned.name]?.reserve ?? {});
      claims.set(taskQueue, claim);
    }
  }
  return new Map([...claims].filter(([, { ports, reserve }]) => ports.length > 0 || Object.keys(reserve).length > 0));
}

/** The observation as if the claims of other deployments were already in use. */
export function withClaims(observed: StackObservation, claimed: ReadonlyMap<string, Claimed[]>): StackObservation {
  return {
    ...observed,
    views: observed.views.map((view) => {
      const others = claimed.get(view.taskQueue) ?? [];
      const { observation } = view;
      const reservedByOthers = { ...observation.capacity.reservedByOthers };
      for (const { reserve } of others) add(reservedByOthers, reserve);
      const portsInUse = others.flatMap(({ ports, by }) =>
        ports.map((each) => {
          const [port, protocol] = each.split('/');
          return { port: Number(port), protocol: protocol as Protocol, by };
        }),
      );
      return {
        ...view,
        observation: {
          ...observation,
          portsInUse: [...observation.portsInUse, ...portsInUse],
          capacity: { ...observation.capacity, reservedByOthers },
        },
      };
    }),
  };
}

/** False for a plain replacement, which reuses the resources of the old instance. */
function isMore({ action, beside }: PlannedService): boolean {
  return beside || action === 'create' || action === 'scale';
}

function startsOf(planned: PlannedService): StepOf<'start' | 'create-job'>[] {
  return lanesOf(planned)
    .flat()
    .filter((step) => step.kind === 'start' || step.kind === 'create-job');
}

function add(sum: ResourceAmounts, more: ResourceAmounts): void {
  for (const amount of amounts) if (more[amount]) sum[amount] = (sum[amount] ?? 0) + more[amount];
}
