import type { Stack } from '../../src/config';
import type { InstanceSpec, NetworkAttachment } from '../../src/model/instance';
import type { Observation, ObservedInstance } from '../../src/model/observation';
import { balancerName, type TrafficState } from '../../src/model/traffic';
import { initialTraffic } from '../../src/runtimes/memory/balancer';
import { stepsOf, type Plan, type Step } from '../../src/plan/plan';
import type { PlanInput } from '../../src/plan/plan-input';
import { makePlan, type Planning } from '../../src/plan/planner';

/** A host on which nothing runs and every image is. */
export function emptyObservation(stack: Stack): Observation {
  const references = [...new Set(Object.values(stack.services).flatMap(({ image }) => (image ? [image] : [])))];
  return {
    instances: [],
    networks: [],
    volumes: [],
    portsInUse: [],
    secrets: {},
    images: references.map((reference) => ({ reference, id: `sha256:${reference}` })),
    capacity: {
      host: 'docker://test',
      local: true,
      total: { cpus: 8, memory: 64 * 1024 ** 3, gpus: 0, storage: 0 },
      reservedByOthers: {},
    },
  };
}

export function plan(stack: Stack, observation = emptyObservation(stack), more: Partial<PlanInput> = {}): Planning {
  return makePlan({
    stack,
    observation,
    intent: { kind: 'deploy', force: false },
    deployment: 1,
    release: { to: 1 },
    jobs: {},
    taskQueue: 'deploy-code',
    ...more,
  });
}

export const allSteps = ({ phases }: Plan): Step[] => stepsOf(phases);

/** What a host looks like while steps are performed on it: a model of a runtime, without time. */
export class StackObservation {
  readonly instances = new Map<string, ObservedInstance>();
  readonly networks = new Map<string, string | undefined>();
  readonly volumes = new Set<string>();
  /** Of the load balancer, once one runs. */
  traffic?: TrafficState;
  /** By instance: the names that others know it by. */
  readonly names = new Map<string, string[]>();

  constructor(private readonly owner: string) {}

  perform(step: Step): void {
    switch (step.kind) {
      case 'start':
        return this.put(step.instance, 'running');
      case 'create-job':
        return this.put(step.instance, 'created');
      case 'run-job':
        return this.change(step.instance.name, { state: 'exited', exitCode: 0 });
      case 'retire':
        return this.change(step.instance.name, { state: 'exited', exitCode: 143, policy: 'no' });
      case 'retire-together':
        return step.retirements.forEach(({ instance }) =>
          this.change(instance.name, { state: 'exited', exitCode: 143, policy: 'no' }),
        );
      case 'revive':
        return this.change(step.instance.name, {
          state: 'running',
          exitCode: undefined,
          policy: step.instance.restart,
        });
      case 'remove':
        return void this.instances.delete(step.instance.name);
      case 'create-network':
        return void this.networks.set(step.network.name, step.network.cidr);
      case 'remove-network':
        return void this.networks.delete(step.name);
      case 'create-volume':
        return void this.volumes.add(step.volume.name);
      case 'remove-volume':
        return void this.volumes.delete(step.name);
      case 'attach':
        return void this.names.set(step.instance.name, aliasesOf(step.networks));
      case 'route':
        return (
          this.traffic &&
          void (this.traffic.tables = [
            ...this.traffic.tables.filter(({ route }) => !step.tables.some((table) => table.route === route)),
            ...step.tables,
          ])
        );
      case 'configure':
        return this.traffic && void (this.traffic.front = step.front);
      default:
        return undefined;
    }
  }

  observe(stack: Stack): Observation {
    return {
      ...emptyObservation(stack),
      instances: [...this.instances.values()].map((instance) => ({ ...instance })),
      networks: [...this.networks].map(([name, cidr]) => ({ name, cidr, ours: true, owner: `stack ${this.owner}` })),
      volumes: [...this.volumes].map((name) => ({ name, owner: this.owner })),
      ...(this.traffic && { traffic: structuredClone(this.traffic) }),
    };
  }

  /** Ids, states, policies: what "the same listing" means. */
  listing(): string[] {
    const instances = [...this.instances.values()].map(
      ({ name, state, policy, image, ports }) => `${name} ${image} ${state} ${policy} ${JSON.stringify(ports)}`,
    );
    return [...instances, ...this.networks.keys(), ...this.volumes].sort();
  }

  private put(spec: InstanceSpec, state: ObservedInstance['state']): void {
    this.instances.set(spec.name, {
      ...spec,
      id: spec.name,
      image: spec.image ?? '',
      imageId: spec.imageId ?? '',
      state,
      policy: spec.restart,
      networks: spec.networks.map(({ name }) => name),
      names: spec.names ?? spec.networks,
    });
    this.names.set(spec.name, aliasesOf(spec.networks));
    if (spec.service === balancerName) this.traffic = initialTraffic(spec);
  }

  private change(name: string, change: Partial<ObservedInstance>): void {
    const instance = this.instances.get(name);
    if (instance) Object.assign(instance, change);
  }
}

function aliasesOf(networks: NetworkAttachment[]): string[] {
  return [...new Set(networks.flatMap(({ aliases }) => aliases))];
}
