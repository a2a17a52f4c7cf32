import { execFileSync } from 'node:child_process';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import type { ClusterEndpoint } from '../../src/runtimes/kubernetes/connection';
import { images } from './image';

/** The cluster of the tests, which may do anything there. */
export function clusterEndpoint(): ClusterEndpoint {
  return { kubeconfig: process.env.DEPLOY_CODE_TEST_KUBECONFIG };
}

/**
 * Tells why there is no cluster to test on. `DEPLOY_CODE_TEST_KUBECONFIG` names one; where its nodes pull no images of this machine,
 * `DEPLOY_CODE_TEST_KUBERNETES_LOAD` is a command that brings them there.
 */
export function prepareCluster(): string | undefined {
  const { DEPLOY_CODE_TEST_KUBECONFIG: kubeconfig, DEPLOY_CODE_TEST_KUBERNETES_LOAD: load } = process.env;
  if (!kubeconfig) return 'DEPLOY_CODE_TEST_KUBECONFIG names no cluster';
  if (load) execFileSync('sh', ['-c', `${load} ${Object.values(images).join(' ')}`], { stdio: 'inherit' });
  return undefined;
}

export function clusterConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(clusterEndpoint().kubeconfig!);
  return config;
}

export async function deleteNamespace(name: string): Promise<void> {
  await clusterConfig().makeApiClient(CoreV1Api).deleteNamespace({ name, gracePeriodSeconds: 0 }).catch(() => undefined);
}
