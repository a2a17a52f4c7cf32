import { cannotHonour } from '../../model/capabilities';
import { RuntimeError, type Runtime, type SecretReader } from '../runtime';
import { KubernetesApi } from './api';
import { ask } from './ask';
import { createVolume, removeVolume } from './claims';
import { connectCluster, type ClusterEndpoint } from './connection';
import { exec } from './exec';
import { waitForExit } from './exits';
import { identityOf } from './identity';
import { logs } from './logs';
import { observe } from './observe';
import { podLines } from './pod-lines';
import { awaitReady } from './readiness';
import { oldVersionOf } from './version';
import { Views } from './view';
import { Workloads } from './workloads';

/** A Kubernetes cluster. An instance is a workload there, with all its pods. */
export function createKubernetesRuntime(secrets: SecretReader, endpoint?: ClusterEndpoint): Runtime {
  const connection = connectCluster(endpoint);
  const api = new KubernetesApi(connection);
  const cluster = { host: `kubernetes://${connection.name}`, identity: identityOf(api), tooOld: oldVersionOf(api) };
  const views = new Views(api);
  const workloads = new Workloads(api, secrets);
  const unsupported = (what: string) => async (): Promise<never> => {
    throw new RuntimeError('software', `a cluster has no ${what} of the engine's`);
  };
  return {
    name: 'kubernetes',
    cannotHonour: cannotHonour.kubernetes,
    observe: (scope, questions) => observe(api, cluster, scope, questions),
    findImages: async () => [],
    ensureImage: unsupported('images'),
    holdImage: async () => undefined,
    dropImage: async () => undefined,
    createNetwork: unsupported('networks'),
    removeNetwork: unsupported('networks'),
    createVolume: (request) => createVolume(api, request),
    removeVolume: (name) => removeVolume(api, name),
    create: (spec) => workloads.create(spec),
    start: (name) => workloads.start(name),
    inspect: (name) => workloads.inspect(name),
    waitForExit: (name, signal) => waitForExit({ api, views }, name, signal),
    retire: (ref, scope) => workloads.retire(ref, scope),
    revive: (ref) => workloads.revive(ref),
    remove: (ref, scope) => workloads.remove(ref, scope),
    attach: unsupported('networks'),
    putSecrets: async (name) => {
      throw new RuntimeError('missing', `${name} takes its secrets when its pods are made`);
    },
    exec: (name, command, timeoutMs) => exec(api, connection, name, command, timeoutMs),
    logs: (name, request) => logs(api, name, request),
    probe: async (name) => (await workloads.isReady(name)) ? undefined : 'not all of its pods are ready',
    address: unsupported('addresses'),
    workloads: {
      bring: (spec, force) => workloads.bring(spec, force),
      restore: (ref, deployment) => workloads.restore(ref, deployment),
      select: (name, to) => workloads.select(name, to),
      ask: (name, url, timeoutMs) => ask(api, name, url, timeoutMs),
      pods: (name) => podLines(api, name),
      awaitReady: async (ref, { judgesRoutes, ...options }) => {
        const { at, kinds, routes } = await workloads.applied(ref.name);
        return awaitReady({ api, views }, ref, { ...options, since: at, kinds, routes: judgesRoutes ? routes : [] });
      },
    },
  };
}
