import { runtimeTraits } from '../../model/runtimes';
import type { Service, Stack } from '../../model/stack';
import type { InstanceSpec } from '../../model/instance';
import type { ObservedInstance } from '../../model/observation';
import { balancerName } from '../../model/traffic';
import { toRef } from '../service/instance-spec';
import type { Lane } from '../plan';
import type { StepFactory } from '../steps';
import { strategyOf } from '../strategies/strategy-of';

/** TCP retransmits a first packet after a second, so packets lost with the name have arrived by then. */
const settleMs = 1200;

/**
 * The network names of a service. They move to new instances once those are healthy, and are removed from old ones
 * before they stop. Each move detaches an instance from its network for a moment, so a service without dependants whose
 * requests all come through the load balancer skips it. So do load balancers: the shared one tries the next of a name.
 */
export class ServiceNames {
  private readonly service: string;
  private readonly moves: boolean;
  /** The new set has a separate name while it waits. */
  private readonly asNext: boolean;

  constructor(
    service: Service,
    { services, front, runtime, infrastructure }: Stack,
    private readonly steps: StepFactory,
  ) {
    this.service = service.name;
    const { kind } = strategyOf(service);
    const inNetworks =
      runtimeTraits[runtime].network !== 'host' && (service.networkMode ?? infrastructure.networkMode) === 'bridge';
    const reached =
      !front?.routes.some((route) => route.service === service.name) ||
      Object.values(services).some(({ name, dependsOn }) => name !== balancerName && service.name in dependsOn);
    this.moves = inNetworks && reached && kind !== 'recreate' && service.name !== balancerName;
    this.asNext = inNetworks && (kind === 'blue_green' || kind === 'canary');
  }

  /** An instance whose names can move later. */
  movable(spec: InstanceSpec): InstanceSpec {
    return this.moves || this.asNext ? { ...spec, keepsAddress: true } : spec;
  }

  /** A new instance without its final names. */
  withheld(spec: InstanceSpec): InstanceSpec {
    if (!this.moves && !this.asNext) return spec;
    return {
      ...spec,
      names: spec.networks,
      networks: spec.networks.map(({ name, links }) => ({
        name,
        aliases: this.asNext ? [nextName(spec.service)] : [],
        ...(links && { links }),
      })),
    };
  }

  give(spec: InstanceSpec): Lane {
    if (!spec.names) return [];
    return [this.steps.attach(toRef(spec), spec.names, spec.networks)];
  }

  /** Gives a kept instance its names again, in case an earlier deployment ended before it got them. */
  restore(instance: ObservedInstance): Lane {
    const { names } = instance;
    if (!names || (!this.moves && !this.asNext)) return [];
    return [this.steps.attach(toRef(instance), names, names)];
  }

  /**
   * Removes the names of an instance, which detaches it from the network for a moment, and waits until clients have
   * retransmitted lost packets.
   */
  take(instance: ObservedInstance): Lane {
    const { names, ordinal } = instance;
    if (!this.moves || !names || names.length === 0) return [];
    const settle = this.steps.make(
      {
        kind: 'hold',
        at: `last-connections-${ordinal}`,
        label: `wait for the last connections to the old ${this.service} ${ordinal}`,
        durationMs: settleMs,
      },
      this.service,
    );
    return [this.steps.unname(toRef(instance), names), settle];
  }
}

/** The name of a service's new set while the old set has the service's name. */
export function nextName(service: string): string {
  return `${service}.next`;
}
