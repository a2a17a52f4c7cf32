import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, KubernetesObjectApi, PatchStrategy, type KubernetesObject } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import { address } from '../support/engine';
import { cli } from '../support/cli';
import { clusterConfig, clusterEndpoint } from '../support/cluster';
import { wipe } from '../support/cluster-world';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { uniqueName, writeStack } from '../support/stack';
import { WorkerProcess } from '../support/worker-process';

describeWith('kubernetes', 'the command line, with a stack on Kubernetes', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'deploy-code-kubernetes-cli-'));
  const name = uniqueName('cluster');
  const file = writeStack(`name: ${name}
environment: test
infrastructure: {orchestrator: Kubernetes}
volumes: {data: {size: 10M}}
secrets: {token: {environment: HOME}}
configs: {page: {content: hello}}
services:
  migrate: {image: "${images.app}", kind: job, command: [sh, -c, "true"]}
  api:
    image: "\${IMAGE:-${images.app}}"
    replicas: 2
    secrets: [token]
    configs: {page: /etc/page}
    ports: ["80:8080"]
    depends_on: {migrate: completed}
    health_check: {http: ":8080/healthz", interval: 1s}
    stop_grace_period: 1s
`);
  let worker: WorkerProcess;
  let environment: Record<string, string>;
  beforeAll(async () => {
    worker = new WorkerProcess('kubernetes-cli', dataDir, { KUBECONFIG: clusterEndpoint().kubeconfig! });
    environment = { TEMPORAL_ADDRESS: address(), TEMPORAL_NAMESPACE: 'kubernetes-cli' };
    await worker.start();
  });
  afterAll(async () => {
    await wipe(name);
    await worker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const run = (command: string, ...args: string[]) => cli([command, '-c', file, ...args], { environment });

  it('prints manifests that the API server takes as they are, with no secret in them', async () => {
    const { code, stdout } = await run('plan', '--manifests');
    expect(code).toBe(0);
    expect(stdout).not.toContain(process.env.HOME!);
    await clusterConfig()
      .makeApiClient(CoreV1Api)
      .createNamespace({ body: { metadata: { name: `${name}-test` } } });
    const objects = KubernetesObjectApi.makeApiClient(clusterConfig());
    const manifests = parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject);
    for (const manifest of manifests)
      await objects.patch(manifest, undefined, 'All', 'deploy-code', false, PatchStrategy.ServerSideApply);
    expect(manifests.map(({ kind }) => kind)).toEqual([
      'PersistentVolumeClaim',
      'Job',
      'ConfigMap',
      'Secret',
      'Service',
      'PodDisruptionBudget',
      'Deployment',
    ]);
  });

  it('deploys, and shows pods, logs and what a command says', async () => {
    expect(await run('deploy')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /kubernetes:\/\/[^]*phase 2 {2}\+ api x2 {3}create[^]*ok {4}phase 2 {2}api \d[^]*DONE in/,
      ),
    });
    expect((await run('status')).stdout).toMatch(
      /\napi +2\/2 +healthy +app:1 +0 +80->8080, 80->8080\nmigrate +0\/1 +completed/,
    );
    expect((await run('logs', 'api')).stdout).toMatch(/serving version 1/);
    expect((await cli(['exec', '-c', file, 'api-2', '--', 'cat', '/etc/page'], { environment })).stdout).toBe('hello');
    expect((await run('deploy')).stdout).toMatch(/Nothing changed/);
  });

  it('shows the evidence of what failed, and goes on with what ran', async () => {
    const { code, stdout } = await run('deploy', '--set', `IMAGE=${images.broken}`);
    expect({ code, stdout }).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /FAIL {2}phase 2 {2}api exited 1[^]*FAILED, rolled back in [^]*Running: release 1\. Exit 1[^]*\| told to crash/,
      ),
    });
    expect((await run('status')).stdout).toMatch(/\napi +2\/2 +healthy +app:1/);
  });

  it('restarts the pods of a service on request, and stops the stack', async () => {
    expect(await run('restart', 'api')).toMatchObject({ code: 0 });
    expect(await run('stop')).toMatchObject({ code: 0 });
    expect((await run('status')).stdout).not.toMatch(/api/);
  });
});
