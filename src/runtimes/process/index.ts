import { join } from 'node:path';
import { cannotHonour } from '../../model/capabilities';
import { type Runtime, type RuntimeDriver, type Scope } from '../runtime';
import { ProcessInstances, type ProcessOptions } from './instances';
import { observe } from './observe';

export interface ProcessRuntime extends RuntimeDriver {
  /** Stops and removes all instances of all stacks; resolves with their number. */
  removeAll(): Promise<number>;
}

/** The driver for processes on this machine, detached from the worker. Linux and macOS. */
export function createProcessRuntime(options: ProcessOptions): ProcessRuntime {
  const dataDir = join(options.dataDir, 'processes');
  return {
    name: 'process',
    cannotHonour: cannotHonour.process,
    within: (scope) => processesWithin(scope, options.dataDir, new ProcessInstances({ ...options, dataDir }, scope)),
    removeAll: async () => {
      const all = new ProcessInstances({ ...options, dataDir });
      const names = all.names();
      await Promise.all(
        names.map((name) => {
          const stopGraceMs = all.folder(name).spec()?.stopGraceMs ?? 0;
          return all.remove({ name, stopGraceMs });
        }),
      );
      return names.length;
    },
  };
}

function processesWithin(scope: Scope, dataDir: string, instances: ProcessInstances): Runtime {
  return {
    name: 'process',
    observe: (questions) => observe(instances, dataDir, scope, questions),
    create: (spec) => instances.create(spec),
    start: (name) => instances.start(name),
    inspect: (name) => instances.inspect(name),
    waitForExit: (name, signal) => instances.waitForExit(name, signal),
    lastExit: (name) => instances.lastExit(name),
    retire: (ref) => instances.retire(ref),
    revive: (ref) => instances.revive(ref),
    remove: (ref) => instances.remove(ref),
    putSecrets: (name, files) => instances.putSecrets(name, files),
    exec: (name, command, timeoutMs) => instances.exec(name, command, timeoutMs),
    openCommand: (name, command, options) => instances.openCommand(name, command, options),
    logs: (name, request) => instances.logs(name, request),
    address: async (name, port) => {
      const bound = instances.specOf(name).ports.find(({ container }) => container === port);
      return { host: '127.0.0.1', port: bound?.host ?? port };
    },
  };
}
