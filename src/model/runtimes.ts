/** The runtimes of this version, by the name that a stack file resolves to. */
export const runtimeNames = ['docker', 'kubernetes', 'process', 'memory'] as const;
export type RuntimeName = (typeof runtimeNames)[number];

/** What a plan has to know about a runtime. The contract suite holds each driver to its row. */
export interface RuntimeTraits {
  /** In messages. */
  label: string;
  /** One of its hosts, in messages. */
  host: string;
  /**
   * `workload`: a service is one object, and the platform itself pulls its images, makes, places and replaces its pods
   * and gives it an address. `instance`: the engine does that, instance by instance.
   */
  unit: 'instance' | 'workload';
  /** `containers`: instances have names on networks that the engine creates. `host`: they are ports of the host. */
  network: 'containers' | 'cluster' | 'host';
}

export const runtimeTraits: Record<RuntimeName, RuntimeTraits> = {
  docker: { label: 'Docker', host: 'a Docker Engine', unit: 'instance', network: 'containers' },
  kubernetes: { label: 'Kubernetes', host: 'a cluster', unit: 'workload', network: 'cluster' },
  process: { label: 'processes', host: 'a machine', unit: 'instance', network: 'host' },
  memory: { label: 'the memory runtime', host: 'memory', unit: 'instance', network: 'containers' },
};

/** Whether a service is one workload of its platform: {@link RuntimeTraits.unit}. */
export function hasWorkloads({ runtime }: { runtime: RuntimeName }): boolean {
  return runtimeTraits[runtime].unit === 'workload';
}
