import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppsV1Api, CoreV1Api, type V1Deployment } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import { DeployCodeClient } from '../../src/client';
import { freePort } from '../../src/guard/free-port';
import { clusterConfig, loadImages } from '../support/cluster';
import { clusterStack, probed, ready, wipe } from '../support/cluster-world';
import { address } from '../support/engine';
import { eventually } from '../support/eventually';
import { images } from '../support/image';
import { describeWith } from '../support/parts';

const namespace = 'deploy-code';
const name = 'deploy-code-worker';
const image = 'node:20';

/**
 * The worker that the project ships, with this checkout for its image and the addresses of this machine: its node is
 * one of the cluster.
 */
async function shipped(): Promise<V1Deployment> {
  const documents = parseAllDocuments(readFileSync('configs/kubernetes/worker.yaml', 'utf8')).map(
    (document) => document.toJS() as V1Deployment,
  );
  const deployment = documents.find(({ kind }) => kind === 'Deployment')!;
  const pod = deployment.spec!.template.spec!;
  const [worker] = pod.containers;
  const port = await freePort();
  const server = new URL(clusterConfig().getCurrentCluster()!.server);
  const variables = {
    TEMPORAL_ADDRESS: address(),
    TEMPORAL_NAMESPACE: 'kubernetes-worker',
    DEPLOY_CODE_DATA_DIR: '/var/lib/deploy-code',
    KUBERNETES_SERVICE_HOST: server.hostname,
    KUBERNETES_SERVICE_PORT: server.port,
  };
  Object.assign(pod, {
    hostNetwork: true,
    volumes: [
      { name: 'data', emptyDir: {} },
      { name: 'tmp', emptyDir: {} },
      { name: 'app', hostPath: { path: resolve('.') } },
    ],
  });
  Object.assign(worker!, {
    image,
    command: ['node', '/app/bin/deploy-code'],
    args: [...worker!.args!, '--port', String(port)],
    env: Object.entries(variables).map(([key, value]) => ({ name: key, value })),
    ports: [{ name: 'metrics', containerPort: port }],
    volumeMounts: [...worker!.volumeMounts!, { name: 'app', mountPath: '/app', readOnly: true }],
  });
  return deployment;
}

describeWith('kubernetes', 'a worker in the cluster that it deploys to', () => {
  const stack = clusterStack({
    api: {
      image: images.app,
      ...probed,
      environment: { START_DELAY: '3' },
      health_check: { http: ':8080/healthz', interval: '500ms', start_period: '30s' },
    },
    web: { image: images.app, ...probed, depends_on: { api: 'healthy' } },
  });
  const apps = () => clusterConfig().makeApiClient(AppsV1Api);
  const core = () => clusterConfig().makeApiClient(CoreV1Api);
  const workers = async () =>
    (await core().listNamespacedPod({ namespace, labelSelector: `app.kubernetes.io/name=${name}` })).items.filter(
      ({ metadata }) => !metadata!.deletionTimestamp,
    );
  let client: DeployCodeClient;
  beforeAll(async () => {
    loadImages([image]);
    await apps().createNamespacedDeployment({ namespace, body: await shipped() });
    client = await DeployCodeClient.connect({ address: address(), namespace: 'kubernetes-worker' });
  });
  afterAll(async () => {
    await client.close();
    await apps().deleteNamespacedDeployment({ name, namespace });
    await wipe(stack.name);
  });

  it('gets ready as a user of its own, with nothing to write to but its volumes', async () => {
    await eventually(
      async () =>
        expect(
          (await workers()).map(({ status }) =>
            status?.containerStatuses?.map(({ ready: isReady, restartCount }) => ({ isReady, restartCount })),
          ),
        ).toEqual([[{ isReady: true, restartCount: 0 }]]),
      90_000,
    );
    const [{ spec } = {}] = await workers();
    expect(spec).toMatchObject({
      securityContext: { runAsNonRoot: true, runAsUser: 10_001 },
      containers: [{ securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false } }],
    });
  });

  it('deploys by the service account of its pod, also where that pod is killed on the way', async () => {
    const handle = await client.deploy(stack);
    await eventually(async () => expect(await ready(stack)).toEqual([expect.stringMatching(/^api 0\/1/)]));
    const [first] = await workers();
    await core().deleteNamespacedPod({ name: first!.metadata!.name!, namespace, gracePeriodSeconds: 0 });
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', release: 1, leftBehind: [] });
    expect(await ready(stack)).toEqual(['api 1/1', 'web 1/1']);
    expect((await workers()).map(({ metadata }) => metadata!.name)).not.toContain(first!.metadata!.name);
  });
});
