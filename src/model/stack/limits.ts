/** Longest duration in a stack file, in ms: a year. */
export const longestMs = 365 * 86_400_000;

/**
 * All limits on the size of a stack. The configuration and the clients check them before anything starts; workflows
 * check again, because other clients can write to Temporal too.
 */
export const limits = {
  services: 10_000,
  /** Replicas of one service. */
  replicas: 1000,
  /** Instances of all services together. */
  instances: 10_000,
  /** Steps in parallel. */
  parallel: 100,
  /** Bytes of one config's content. */
  config: 1024 ** 2,
  /** Bytes of the contents of all configs. */
  configs: 8 * 1024 ** 2,
  /** Bytes of the settings of one service, without the contents of its configs. */
  service: 256 * 1024,
  /**
   * Bytes of a compressed stack. Temporal's limit is 2 MiB per message, and a release is slightly larger than its
   * stack.
   */
  packed: 1.5 * 1024 ** 2,
  /** Queued deployments of one environment. */
  queue: 1000,
} as const;

/** The parts of a stack that have limits. */
export interface MeasuredStack {
  services: Record<string, { replicas: number }>;
  configs: Record<string, { content: string }>;
  deployment: { maxParallel: number };
}

/** An exceeded limit: the path of its key, and a message with advice. */
export interface Excess {
  path: string[];
  message: string;
}

/** All limits that a stack exceeds. */
export function excessOf({ services, configs, deployment }: MeasuredStack): Excess[] {
  const names = Object.keys(services);
  if (names.length > limits.services)
    return [
      {
        path: ['services'],
        message: `number ${count(names.length)}; a stack may have at most ${count(limits.services)}: split it`,
      },
    ];
  const many = names.filter((name) => !(services[name]!.replicas <= limits.replicas));
  const instances = Object.values(services).reduce((sum, { replicas }) => sum + replicas, 0);
  const contents = Object.entries(configs).map(([name, { content }]) => ({ name, bytes: bytesOf(content) }));
  const total = contents.reduce((sum, { bytes }) => sum + bytes, 0);
  const large = names
    .map((name) => ({ name, bytes: bytesOf(JSON.stringify(services[name])) }))
    .filter(({ bytes }) => bytes > limits.service);
  return [
    ...many.map((name) => ({
      path: ['services', name, 'replicas'],
      message: `is ${count(services[name]!.replicas)}; a service has at most ${count(limits.replicas)} instances`,
    })),
    ...(many.length === 0 && !(instances <= limits.instances)
      ? [
          {
            path: ['services'],
            message:
              `have ${count(instances)} instances in total; a stack may have ` +
              `at most ${count(limits.instances)}: split it`,
          },
        ]
      : []),
    ...(deployment.maxParallel <= limits.parallel
      ? []
      : [
          {
            path: ['deployment', 'max_parallel'],
            message: `is ${count(deployment.maxParallel)}; at most ${limits.parallel} steps run side by side`,
          },
        ]),
    ...contents
      .filter(({ bytes }) => bytes > limits.config)
      .map(({ name, bytes }) => ({
        path: ['configs', name],
        message:
          `is ${size(bytes)}; a config is at most ` +
          `${size(limits.config)}: put large files into an image or a volume`,
      })),
    ...(total > limits.configs
      ? [
          {
            path: ['configs'],
            message:
              `are ${size(total)} together; at most ` +
              `${size(limits.configs)}: put large files into an image or a volume`,
          },
        ]
      : []),
    ...large.map(({ name, bytes }) => ({
      path: ['services', name],
      message:
        `has ${size(bytes)} of settings; a service may have at most ` +
        `${size(limits.service)}: move long values into configs`,
    })),
  ];
}

/** The exceeded limit of a stack of this compressed size in bytes; empty if it fits. */
export function packedExcess(bytes: number): Excess[] {
  if (bytes <= limits.packed) return [];
  return [
    {
      path: [],
      message:
        `the stack is ${size(bytes)} compressed; the limit is ${size(limits.packed)}: ` +
        'move large configs into an image or a volume, or split the stack',
    },
  ];
}

/** Length in UTF-8, without Node's Buffer, which workflows lack. */
function bytesOf(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) bytes += code > 0x7ff && !(code >= 0xd800 && code <= 0xdfff) ? 2 : 1;
  }
  return bytes;
}

/** Formats with commas, in any locale: 1,000,000. */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** Formats in binary units, rounded up to a tenth, so that an excess never reads like the limit. */
function size(bytes: number): string {
  const [unit, name] = bytes >= 1024 ** 2 ? [1024 ** 2, 'MiB'] : [1024, 'KiB'];
  return `${Math.ceil((bytes / unit) * 10) / 10} ${name}`;
}
