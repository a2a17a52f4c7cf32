import { runtimeTraits } from '../../model/runtimes';
import type { Service, Stack } from '../../model/stack';
import type { InstanceSpec } from '../../model/instance';
import type { ObservedInstance } from '../../model/observation';
import { balancerName } from '../../model/traffic';
import { toRef } from '../service/instance-spec';
import type { Lane } from '../plan';
import type { StepFactory } from '../steps';
import { strategyOf } from '../strategies/strategy-of';

/** TCP sends a first packet again after a second; what was on its way when the name went has arrived by then. */
const settleMs = 1200;

/**
 * The name that others reach a service by. It moves to new instances once they are healthy, and leaves old ones before
 * they stop. Where every request comes through the load balancer, and no service depends on this one, nobody needs
 * that: each move takes an instance off its network for a moment.
 */
export class ServiceNames {
  private readonly service: string;
  private readonly moves: boolean;
  /** The new set has a name of its own while it waits. */
  private readonly asNext: boolean;

  constructor(
    service: Service,
    { services, front, runtime, infrastructure }: Stack,
    private readonly steps: StepFactory,
  ) {
    this.service = service.name;
    const { kind } = strategyOf(service);
    const inNetworks = runtimeTraits[runtime].network !== 'host' && infrastructure.networkMode !== 'host';
    const reached =
      !front?.routes.some((route) => route.service === service.name) ||
      Object.values(services).some(({ name, dependsOn }) => name !== balancerName && service.name in dependsOn);
    this.moves = inNetworks && reached && kind !== 'recreate';
    this.asNext = inNetworks && (kind === 'blue_green' || kind === 'canary');
  }

  /** An instance whose name will leave it one day. */
  movable(spec: InstanceSpec): InstanceSpec {
    return this.moves || this.asNext ? { ...spec, keepsAddress: true } : spec;
  }

  /** A new instance that waits for its name. */
  withheld(spec: InstanceSpec): InstanceSpec {
    if (!this.moves && !this.asNext) return spec;
    return {
      ...spec,
      names: spec.networks,
      networks: spec.networks.map(({ name }) => ({ name, aliases: this.asNext ? [nextName(spec.service)] : [] })),
    };
  }

  give(spec: InstanceSpec): Lane {
    if (!spec.names) return [];
    return [this.steps.attach(toRef(spec), spec.names, spec.networks)];
  }

  /** An instance that stays has its names, also where an earlier deployment ended before it got them. */
  restore(instance: ObservedInstance): Lane {
    const { names } = instance;
    if (!names || (!this.moves && !this.asNext)) return [];
    return [this.steps.attach(toRef(instance), names, names)];
  }

  /**
   * Leaving its name takes an instance off the network for a moment: it stays long enough for those who lost a packet
   * in it.
   */
  take(instance: ObservedInstance): Lane {
    const { names, ordinal } = instance;
    if (!this.moves || !names || names.length === 0) return [];
    const settle = this.steps.make(
      {
        kind: 'hold',
        label: `let the last connections to the old ${this.service} ${ordinal} arrive`,
        durationMs: settleMs,
      },
      this.service,
    );
    return [this.steps.unname(toRef(instance), names), settle];
  }
}

/** What the new set of a service is called while the old one has its name. */
export function nextName(service: string): string {
  return `${service}.next`;
}
