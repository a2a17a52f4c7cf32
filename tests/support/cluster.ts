import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  type KubernetesObject,
} from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import type { ClusterEndpoint } from '../../src/runtimes/kubernetes/api/connection';
import { images } from './image';

/** As the engine, which may do what the shipped roles say and no more. */
export function clusterEndpoint(): ClusterEndpoint {
  return { kubeconfig: process.env.DEPLOY_CODE_TEST_KUBECONFIG_ENGINE };
}

/**
 * Tells why there is no cluster to test on. `DEPLOY_CODE_TEST_KUBECONFIG` names one, as somebody who may do anything
 * there; where its nodes pull no images of this machine, `DEPLOY_CODE_TEST_KUBERNETES_LOAD` is a command that brings
 * them there.
 */
export async function prepareCluster(): Promise<string | undefined> {
  if (!process.env.DEPLOY_CODE_TEST_KUBECONFIG) return 'DEPLOY_CODE_TEST_KUBECONFIG names no cluster';
  mountNamespaces();
  loadImages(Object.values(images));
  process.env.DEPLOY_CODE_TEST_KUBECONFIG_ENGINE = await asEngine();
  return undefined;
}

/** Brings images of this machine to nodes that pull none of them. */
export function loadImages(names: readonly string[]): void {
  const { DEPLOY_CODE_TEST_KUBERNETES_LOAD: load } = process.env;
  if (load) execFileSync('sh', ['-c', `${load} ${names.join(' ')}`], { stdio: 'inherit' });
}

/**
 * The first `ip netns` of a machine mounts the folder of network namespaces once more, and with it those of all pods:
 * where the nodes are on this machine, a pod that is there by then can never be removed. So it happens before there is
 * any; who may not do that makes no namespaces later on either.
 */
function mountNamespaces(): void {
  const name = `deploy-code-test-${process.pid}`;
  spawnSync('ip', ['netns', 'add', name]);
  spawnSync('ip', ['netns', 'del', name]);
}

/** As somebody who may do anything. */
export function clusterConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(process.env.DEPLOY_CODE_TEST_KUBECONFIG!);
  return config;
}

export async function deleteNamespace(name: string): Promise<void> {
  await clusterConfig()
    .makeApiClient(CoreV1Api)
    .deleteNamespace({ name, gracePeriodSeconds: 0 })
    .catch(() => undefined);
}

/** Makes the roles that the project ships, and a kubeconfig of its service account. */
async function asEngine(): Promise<string> {
  const config = clusterConfig();
  const objects = KubernetesObjectApi.makeApiClient(config);
  const documents = ['roles', 'every-namespace'].flatMap((name) =>
    parseAllDocuments(readFileSync(`configs/kubernetes/${name}.yaml`, 'utf8')),
  );
  for (const document of documents) {
    await objects.patch(
      document.toJS() as KubernetesObject,
      undefined,
      undefined,
      'deploy-code-test',
      true,
      PatchStrategy.ServerSideApply,
    );
  }
  return kubeconfigOf('deploy-code');
}

/** A kubeconfig of a service account beside the worker's. */
export async function kubeconfigOf(account: string): Promise<string> {
  const config = clusterConfig();
  const { status } = await config.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
    name: account,
    namespace: 'deploy-code',
    body: { spec: { audiences: [], expirationSeconds: 7200 } },
  });
  const own = new KubeConfig();
  const cluster = config.getCurrentCluster()!;
  own.loadFromClusterAndUser(cluster, { name: account, token: status!.token });
  const file = join(mkdtempSync(join(tmpdir(), 'deploy-code-kubeconfig-')), 'config');
  writeFileSync(file, own.exportConfig(), { mode: 0o600 });
  return file;
}
