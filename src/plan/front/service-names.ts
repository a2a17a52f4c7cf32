import type { Service, Stack } from '../../config/stack';
import type { InstanceSpec, NetworkAttachment } from '../../model/instance';
import type { ObservedInstance } from '../../model/observation';
import { balancerName } from '../../model/traffic';
import { toRef } from '../instance-spec';
import type { Lane } from '../plan';
import type { StepFactory } from '../steps';

/**
 * The name that others reach a service by. It moves to new instances once they are healthy, and leaves old ones before
 * they stop. Where every request comes through the load balancer, and no service depends on this one, nobody needs that:
 * each move takes an instance off its network for a moment.
 */
export class ServiceNames {
  private readonly moves: boolean;

  constructor(service: Service, { services, front, runtime, infrastructure }: Stack, private readonly steps: StepFactory) {
    const reached = !front?.routes.some((route) => route.service === service.name) || Object.values(services).some(({ name, dependsOn }) => name !== balancerName && service.name in dependsOn);
    this.moves = reached && runtime !== 'process' && infrastructure.networkMode !== 'host';
  }

  /** A new instance that waits for its name. Until then it is `web.next`, where it is asked for that. */
  withheld(spec: InstanceSpec, asNext: boolean): InstanceSpec {
    if (!this.moves && !asNext) return spec;
    return { ...spec, names: spec.networks, networks: spec.networks.map(({ name }) => ({ name, aliases: asNext ? [nextName(spec.service)] : [] })) };
  }

  give(spec: InstanceSpec): Lane {
    if (!spec.names) return [];
    return [this.steps.make({ kind: 'attach', instance: toRef(spec), networks: spec.names, before: spec.networks }, spec.service)];
  }

  take(instance: ObservedInstance): Lane {
    const { names } = instance;
    if (!this.moves || !names || names.length === 0) return [];
    return [this.steps.make({ kind: 'attach', instance: toRef(instance), networks: names.map(({ name }): NetworkAttachment => ({ name, aliases: [] })), before: names }, instance.service)];
  }
}

/** What the new set of a service is called while the old one has its name. */
export function nextName(service: string): string {
  return `${service}.next`;
}
