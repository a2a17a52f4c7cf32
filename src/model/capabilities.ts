import { containerOptions, optionNames } from './container-options';
import type { RuntimeName } from './runtimes';

/** Keys beside the container options, in a service or below one of its options. */
const otherKeys: Record<RuntimeName, readonly string[]> = {
  docker: ['resources.limit.storage'],
  kubernetes: ['drain_timeout', 'image_volumes'],
  process: [
    'image',
    'build',
    'pull_policy',
    'networks',
    'volumes',
    'image_volumes',
    'resources.reserve.gpus',
    'resources.reserve.storage',
  ],
  memory: [],
};

/**
 * Keys of a service that a runtime cannot honour. The configuration refuses them by name;
 * the runtimes' contract suite holds each runtime to its row.
 */
export const cannotHonour: Record<RuntimeName, readonly string[]> = {
  docker: keysOf('docker'),
  kubernetes: keysOf('kubernetes'),
  process: keysOf('process'),
  memory: keysOf('memory'),
};

function keysOf(runtime: RuntimeName): string[] {
  const options = optionNames.map((name) => containerOptions[name]);
  const unsupported = options.filter((option) => option.unsupported?.includes(runtime)).map(({ key }) => key);
  return [...otherKeys[runtime], ...unsupported];
}
