import { runtimeNames, type RuntimeName } from '../model/runtimes';
import { createDockerRuntime } from './docker';
import { connectDocker, type DockerEndpoint } from './docker/api/connection';
import type { ClusterEndpoint } from './kubernetes/api/connection';
import { createMemoryRuntime } from './memory';
import { createProcessRuntime } from './process';
import type { RegistryLogins, Runtime, RuntimeDriver, Scope, SecretReader } from './runtime';

/** The kinds of hosts. */
export type HostKind = Extract<RuntimeName, 'docker' | 'kubernetes'>;

/** An environment, and the kind of platform it runs on. */
export interface RuntimePlace extends Scope {
  runtime: RuntimeName;
}

/** Resolves a place to the runtime of its environment. */
export type Runtimes = (place: RuntimePlace) => Runtime;

export interface RuntimesOptions {
  dataDir: string;
  secrets: SecretReader;
  /** Logins for the pulls of Docker. */
  logins?: RegistryLogins;
  supervisor?: string;
  /** The Docker Engine; absent: that of the `docker` command. */
  docker?: DockerEndpoint;
  /** The cluster; absent: that of `kubectl`. */
  cluster?: ClusterEndpoint;
  /** The kind of this worker's host, used even if the stack names the other kind: a stack can span both. */
  only?: HostKind;
  /** Runtimes to use instead of new ones. */
  given?: Partial<Record<RuntimeName, RuntimeDriver>>;
}

/** Creates drivers on first use. @throws Error for an unknown runtime */
export function createRuntimes(options: RuntimesOptions): Runtimes {
  const drivers = new Map<RuntimeName, RuntimeDriver>(
    Object.entries(options.given ?? {}) as [RuntimeName, RuntimeDriver][],
  );
  const factories: Record<RuntimeName, () => RuntimeDriver> = {
    docker: () => createDockerRuntime(options.secrets, { ...connectDocker(options.docker), logins: options.logins }),
    kubernetes: () => loadKubernetes().createKubernetesRuntime(options.secrets, options.cluster),
    process: () => createProcessRuntime(options),
    memory: () => createMemoryRuntime(),
  };
  return ({ runtime: requested, stack, environment, namespace }) => {
    const name = options.only && isHostKind(requested) ? options.only : requested;
    if (!drivers.has(name)) {
      if (!factories[name]) throw new Error(`unknown runtime "${name}"; use one of ${runtimeNames.join(', ')}`);
      drivers.set(name, factories[name]());
    }
    return drivers.get(name)!.within({ stack, environment, ...(namespace !== undefined && { namespace }) });
  };
}

function isHostKind(name: RuntimeName): name is HostKind {
  return name === 'docker' || name === 'kubernetes';
}

/** Loaded on first use, as its client library is large. */
function loadKubernetes(): typeof import('./kubernetes') {
  return require('./kubernetes') as typeof import('./kubernetes');
}
