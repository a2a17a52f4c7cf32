import { runtimeNames, type RuntimeName } from '../model/capabilities';
import { createDockerRuntime } from './docker';
import { connectDocker, type DockerEndpoint } from './docker/connection';
import { createMemoryRuntime } from './memory';
import { createProcessRuntime } from './process';
import type { Runtime, SecretReader } from './runtime';

export type Runtimes = (name: RuntimeName) => Runtime;

export interface RuntimesOptions {
  dataDir: string;
  secrets: SecretReader;
  supervisor?: string;
  /** Where Docker is; absent: where the `docker` command would look. */
  docker?: DockerEndpoint;
  /** Runtimes to use instead of those made here. */
  given?: Partial<Record<RuntimeName, Runtime>>;
}

/** Every runtime by name, each made when it is first asked for. An unknown name is an error that lists the known ones. */
export function createRuntimes(options: RuntimesOptions): Runtimes {
  const made = new Map<RuntimeName, Runtime>(Object.entries(options.given ?? {}) as [RuntimeName, Runtime][]);
  const make: Record<RuntimeName, () => Runtime> = {
    docker: () => createDockerRuntime(options.secrets, connectDocker(options.docker)),
    process: () => createProcessRuntime(options),
    memory: () => createMemoryRuntime(),
  };
  return (name) => {
    if (!made.has(name)) {
      if (!make[name]) throw new Error(`there is no runtime "${name}"; known are ${runtimeNames.join(', ')}`);
      made.set(name, make[name]());
    }
    return made.get(name)!;
  };
}
