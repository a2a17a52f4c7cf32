import { cannotHonour } from '../../model/capabilities';
import type { Runtime, RuntimeDriver, Scope, SecretReader } from '../runtime';
import { KubernetesApi } from './api';
import { ask } from './pods/ask';
import { adoptedVolumes, createVolume, removeVolume } from './claims';
import { connectCluster, type ClusterConnection, type ClusterEndpoint } from './api/connection';
import { exec } from './pods/exec';
import { waitForExit } from './readiness/exits';
import { identityOf } from './api/identity';
import { logs } from './pods/logs';
import { namesIn, requireOwnNamespace } from './namespaces';
import { observe } from './observe';
import { openCommand } from './pods/open-command';
import { podLines } from './pods/pod-lines';
import { awaitReady } from './readiness';
import { oldVersionOf } from './api/version';
import { Views } from './readiness/view';
import { Workloads } from './workloads';

/** The driver for a Kubernetes cluster. An instance is a workload with all its pods. */
export function createKubernetesRuntime(secrets: SecretReader, endpoint?: ClusterEndpoint): RuntimeDriver {
  const connection = connectCluster(endpoint);
  const api = new KubernetesApi(connection);
  const cluster = { host: `kubernetes://${connection.name}`, identity: identityOf(api), tooOld: oldVersionOf(api) };
  const views = new Views(api);
  return {
    name: 'kubernetes',
    cannotHonour: cannotHonour.kubernetes,
    within: (scope) =>
      clusterWithin({ api, views, connection, cluster, scope, workloads: new Workloads(api, secrets, scope) }),
  };
}

interface ClusterOfScope {
  api: KubernetesApi;
  views: Views;
  connection: ClusterConnection;
  cluster: Parameters<typeof observe>[1];
  scope: Scope;
  workloads: Workloads;
}

/**
 * Creates, reads and runs only in the namespace of the environment. Workloads in an earlier namespace of the stack can
 * still be stopped, removed and restored.
 */
function clusterWithin({ workloads, cluster, ...context }: ClusterOfScope): Runtime {
  const { api, scope } = context;
  const inOwnNamespace = async <T>(names: string[], act: () => Promise<T>): Promise<T> => {
    requireOwnNamespace(scope, names);
    return act();
  };
  return {
    name: 'kubernetes',
    observe: (questions) => observe(api, cluster, scope, questions),
    volumes: {
      create: (request) => inOwnNamespace([request.name], () => createVolume(api, scope, request)),
      remove: (name) => inOwnNamespace([name], () => removeVolume(api, scope, name)),
      adopted: (names) => inOwnNamespace([...names], () => adoptedVolumes(api, names)),
    },
    create: (spec) => inOwnNamespace(namesIn(spec), () => workloads.create(spec)),
    start: (name) => workloads.start(name),
    inspect: (name) => workloads.inspect(name),
    waitForExit: (name, signal) => waitForExit(context, name, signal),
    retire: (ref) => workloads.retire(ref),
    revive: (ref) => workloads.revive(ref),
    remove: (ref) => workloads.remove(ref),
    exec: (name, command, timeoutMs) => inOwnNamespace([name], () => exec(context, name, command, timeoutMs)),
    openCommand: (name, command, options) => inOwnNamespace([name], () => openCommand(context, name, command, options)),
    logs: (name, request) => inOwnNamespace([name], () => logs(api, scope, name, request)),
    probe: async (name) => ((await workloads.isReady(name)) ? undefined : 'not all of its pods are ready'),
    workloads: {
      apply: (spec, force) => inOwnNamespace(namesIn(spec), () => workloads.apply(spec, force)),
      restore: (ref, deployment) => inOwnNamespace([ref.name], () => workloads.restore(ref, deployment)),
      select: (name, to) => inOwnNamespace([name], () => workloads.select(name, to)),
      ask: (name, url, timeoutMs) => inOwnNamespace([name], () => ask(context, name, url, timeoutMs)),
      pods: (name) => podLines(api, scope, name),
      awaitReady: async (ref, { judgesRoutes, ...options }) => {
        const { at, kinds, routes } = await workloads.applied(ref.name);
        return awaitReady(context, ref, { ...options, since: at, kinds, routes: judgesRoutes ? routes : [] });
      },
    },
  };
}
