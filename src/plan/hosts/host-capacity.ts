import { mountedVolumes } from '../../model/stack/mounted-volumes';
import { runtimeOf } from '../../model/stack/runtime-of';
import type { Service, Stack, StackHost, VolumeMount } from '../../model/stack';
import type { ResourceAmounts } from '../../model/instance';
import { isUp } from '../../model/observation';
import { volumeName } from '../names';
import { ObservationIndex } from '../observation-index';
import { keptVolumes } from '../resources/image-volumes';
import type { Group } from './groups';
import type { HostObservation } from './view';

const amounts = ['cpus', 'memory', 'gpus'] as const;

/** The remaining capacity of a host while services are placed. */
export class HostCapacity {
  private services = 0;
  private readonly taken: ResourceAmounts = {};
  private readonly known?: ObservationIndex;

  constructor(
    readonly host: StackHost,
    private readonly view: HostObservation | undefined,
  ) {
    if (view) this.known = new ObservationIndex(view.observation);
    for (const amount of amounts) this.taken[amount] = view?.observation.capacity.reservedByOthers[amount] ?? 0;
  }

  runs({ services }: Group): number {
    const names = new Set(services.map(({ name }) => name));
    return (
      this.view?.observation.instances.filter((instance) => names.has(instance.service) && isUp(instance)).length ?? 0
    );
  }

  holdsDataOf({ services }: Group, stack: Stack): boolean {
    const here = { ...stack, runtime: runtimeOf(this.host, stack) };
    const owner = `${stack.name}/${stack.environment}`;
    const all = services.map((service) => this.withImageMounts(service, stack));
    const mounted = new Set([...mountedVolumes(all)].map((key) => volumeName(here, key)));
    const external = new Set(
      Object.entries(stack.volumes)
        .filter(([, { external: is }]) => is)
        .map(([name]) => volumeName(here, name)),
    );
    const hasUnnamed = all.some(({ mounts }) => mounts.some((mount) => mount.type === 'volume' && isInUse(mount)));
    return (
      hasUnnamed ||
      (this.view?.observation.volumes ?? []).some(
        ({ name, owner: of }) => mounted.has(name) && (of === owner || external.has(name)),
      )
    );
  }

  private withImageMounts(service: Service, stack: Stack): Service {
    const mounts = this.known ? keptVolumes(service, stack.volumes, this.known) : [];
    return mounts.length > 0 ? { ...service, mounts: [...service.mounts, ...mounts] } : service;
  }

  /** Whether the host has capacity for a group. */
  has(group: Group): boolean {
    return this.fullnessWith(group) <= 1;
  }

  isBetterFor(group: Group, other: HostCapacity): boolean {
    const [mine, its] = [this.fullnessWith(group), other.fullnessWith(group)];
    return mine === its ? this.services < other.services : mine < its;
  }

  /** Utilisation of the scarcest resource, this group included. */
  private fullnessWith({ services }: Group): number {
    return Math.max(
      ...amounts.map((amount) => {
        const wanted = (this.taken[amount] ?? 0) + reserved(services, amount);
        const total = this.view?.observation.capacity.total[amount] ?? 0;
        return wanted === 0 ? 0 : wanted / total;
      }),
    );
  }

  take({ services }: Group): void {
    for (const amount of amounts) this.taken[amount]! += reserved(services, amount);
    this.services += services.length;
  }
}

/** Whether an instance has a volume without a name there. */
function isInUse({ ofImage }: VolumeMount): boolean {
  return ofImage !== undefined && Object.keys(ofImage).length > 0;
}

/** Reservations of services, with all their replicas. */
export function reserved(services: readonly Service[], amount: (typeof amounts)[number]): number {
  return services.reduce((total, { reserve, replicas }) => total + (reserve[amount] ?? 0) * replicas, 0);
}
