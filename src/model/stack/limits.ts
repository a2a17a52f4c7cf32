/** The longest time that a stack file can name, in ms: a year. */
export const longestMs = 365 * 86_400_000;

/**
 * Every limit on the size of a stack: the only place. Stack files are checked by it, clients check by it before
 * anything starts, and the workflows check again: whoever may write into Temporal does not have to use our clients.
 */
export const limits = {
  services: 10_000,
  /** Of one service. */
  replicas: 1000,
  /** Of all services together. */
  instances: 10_000,
  /** Steps side by side. */
  parallel: 100,
  /** Bytes of one config's content. */
  config: 1024 ** 2,
  /** Bytes of the contents of all configs. */
  configs: 8 * 1024 ** 2,
  /** Bytes of everything that the file says of one service, without the contents of its configs. */
  service: 256 * 1024,
  /**
   * Bytes of a stack as it travels, compressed; Temporal takes 2 MiB a message, and a release says a little more than
   * its stack.
   */
  packed: 1.5 * 1024 ** 2,
  /** Deployments that wait for their turn in one environment. */
  queue: 1000,
} as const;

/** What of a stack the limits are about. */
export interface MeasuredStack {
  services: Record<string, { replicas: number }>;
  configs: Record<string, { content: string }>;
  deployment: { maxParallel: number };
}

/** Something that is larger than the engine takes: the path of its key, and what to do. */
export interface Excess {
  path: string[];
  message: string;
}

/** Everything of a stack that is beyond a limit. */
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

/** What is wrong with a stack that takes so many bytes compressed; nothing where it fits. */
export function packedExcess(bytes: number): Excess[] {
  if (bytes <= limits.packed) return [];
  return [
    {
      path: [],
      message:
        `the stack is ${size(bytes)} compressed; at most ${size(limits.packed)} travel with a ` +
        'release: put large configs into an image or a volume, or split the stack',
    },
  ];
}

/** In UTF-8; without Node's Buffer, which workflows do not have. */
function bytesOf(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) bytes += code > 0x7ff && !(code >= 0xd800 && code <= 0xdfff) ? 2 : 1;
  }
  return bytes;
}

/** With commas, in any locale: 1,000,000. */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** Binary units, rounded up to a tenth: what is too large never reads like the limit. */
function size(bytes: number): string {
  const [unit, name] = bytes >= 1024 ** 2 ? [1024 ** 2, 'MiB'] : [1024, 'KiB'];
  return `${Math.ceil((bytes / unit) * 10) / 10} ${name}`;
}
