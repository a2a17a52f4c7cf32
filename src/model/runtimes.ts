/** All runtimes, by name. */
export const runtimeNames = ['docker', 'kubernetes', 'process', 'memory'] as const;
export type RuntimeName = (typeof runtimeNames)[number];

/** Traits of a runtime that plans depend on. The contract suite holds each driver to its row. */
export interface RuntimeTraits {
  /** Its name in messages. */
  label: string;
  /** A host of this runtime in messages. */
  host: string;
  /**
   * `workload`: a service is one object; the platform pulls its images, creates, places and replaces its pods, and
   * gives it an address. `instance`: the engine does that for each instance.
   */
  unit: 'instance' | 'workload';
  /** `containers`: instances have names on networks of the engine. `host`: instances are ports of the host. */
  network: 'containers' | 'cluster' | 'host';
  /** Whether it keeps the time of each log line. */
  logTimes: boolean;
  /** Whether it knows of an instance that has ended whether it did so by itself. */
  endings: boolean;
}

export const runtimeTraits: Record<RuntimeName, RuntimeTraits> = {
  docker: {
    label: 'Docker',
    host: 'a Docker Engine',
    unit: 'instance',
    network: 'containers',
    logTimes: true,
    endings: true,
  },
  kubernetes: {
    label: 'Kubernetes',
    host: 'a cluster',
    unit: 'workload',
    network: 'cluster',
    logTimes: true,
    endings: false,
  },
  process: {
    label: 'processes',
    host: 'a machine',
    unit: 'instance',
    network: 'host',
    logTimes: false,
    endings: false,
  },
  memory: {
    label: 'the memory runtime',
    host: 'memory',
    unit: 'instance',
    network: 'containers',
    logTimes: false,
    endings: true,
  },
};

/** Whether a service is one workload of its platform: {@link RuntimeTraits.unit}. */
export function hasWorkloads({ runtime }: { runtime: RuntimeName }): boolean {
  return runtimeTraits[runtime].unit === 'workload';
}
