import { runtimeNames, type RuntimeName } from '../model/runtimes';
import { createDockerRuntime } from './docker';
import { connectDocker, type DockerEndpoint } from './docker/api/connection';
import type { ClusterEndpoint } from './kubernetes/api/connection';
import { createMemoryRuntime } from './memory';
import { createProcessRuntime } from './process';
import type { Runtime, RuntimeDriver, Scope, SecretReader } from './runtime';

/** What a host of a stack can be. */
export type HostKind = Extract<RuntimeName, 'docker' | 'kubernetes'>;

/** An environment, and the kind of platform it runs on. */
export interface RuntimePlace extends Scope {
  runtime: RuntimeName;
}

/** The platform of an environment, as that environment sees it. */
export type Runtimes = (place: RuntimePlace) => Runtime;

export interface RuntimesOptions {
  dataDir: string;
  secrets: SecretReader;
  supervisor?: string;
  /** Where Docker is; absent: where the `docker` command would look. */
  docker?: DockerEndpoint;
  /** Which cluster; absent: the one that `kubectl` would take. */
  cluster?: ClusterEndpoint;
  /** What a host of a stack is, be it asked for the other: the stack may span both. */
  only?: HostKind;
  /** Runtimes to use instead of those made here. */
  given?: Partial<Record<RuntimeName, RuntimeDriver>>;
}

/** Every driver is made when it is first asked for. An unknown runtime is an error that lists the known ones. */
export function createRuntimes(options: RuntimesOptions): Runtimes {
  const made = new Map<RuntimeName, RuntimeDriver>(
    Object.entries(options.given ?? {}) as [RuntimeName, RuntimeDriver][],
  );
  const make: Record<RuntimeName, () => RuntimeDriver> = {
    docker: () => createDockerRuntime(options.secrets, connectDocker(options.docker)),
    kubernetes: () => loadKubernetes().createKubernetesRuntime(options.secrets, options.cluster),
    process: () => createProcessRuntime(options),
    memory: () => createMemoryRuntime(),
  };
  return ({ runtime: asked, stack, environment, namespace }) => {
    const name = options.only && isHostKind(asked) ? options.only : asked;
    if (!made.has(name)) {
      if (!make[name]) throw new Error(`there is no runtime "${name}"; known are ${runtimeNames.join(', ')}`);
      made.set(name, make[name]());
    }
    return made.get(name)!.within({ stack, environment, ...(namespace !== undefined && { namespace }) });
  };
}

function isHostKind(name: RuntimeName): name is HostKind {
  return name === 'docker' || name === 'kubernetes';
}

/** Its client library is large: it is loaded where somebody deploys to a cluster. */
function loadKubernetes(): typeof import('./kubernetes') {
  return require('./kubernetes') as typeof import('./kubernetes');
}
