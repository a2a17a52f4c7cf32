import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppsV1Api, CoreV1Api, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { Client, Connection } from '@temporalio/client';
import { DeployCodeClient, type Stack } from '../../src/client';
import { ApiProxy } from '../support/api-proxy';
import { clusterConfig } from '../support/cluster';
import { clusterStack, layered, namespaceOf, probed, ready, specs, wipe } from '../support/cluster-world';
import { address } from '../support/engine';
import { eventually } from '../support/eventually';
import { hostVolumes } from '../support/host-volumes';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { Registry } from '../support/registry';
import { WorkerProcess } from '../support/worker-process';
import { delayed, reached, step } from '../support/events';
import { isFull } from '../support/exhaustive';

const awayMs = isFull ? 30_000 : 5000;

describeWith('kubernetes', 'trouble on the way to a cluster', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'deploy-code-kubernetes-'));
  const used = new Set<string>();
  let proxy: ApiProxy;
  let worker: WorkerProcess;
  let client: DeployCodeClient;
  beforeAll(async () => {
    proxy = new ApiProxy(new URL(clusterConfig().getCurrentCluster()!.server));
    worker = new WorkerProcess('kubernetes-trouble', dataDir, { KUBECONFIG: await proxy.start() });
    await worker.start();
    client = await DeployCodeClient.connect({ address: address(), namespace: 'kubernetes-trouble' });
  });
  afterAll(async () => {
    for (const stack of used) await wipe(stack);
    await client.close();
    await worker.stop();
    proxy.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const deploy = async (stack: Stack, options = {}) => {
    used.add(stack.name);
    return client.deploy(stack, options);
  };
  const result = async (stack: Stack, options = {}) => (await deploy(stack, options)).result();
  const begun = (title: string) => step('step.started', title);
  const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index} 1/1`).sort();
  const like = (name: string, services: Record<string, unknown>): Stack => ({ ...clusterStack(services), name });

  it('a worker killed with -9 in mid-phase: the deployment ends as if nothing had happened, once', async () => {
    const stack = clusterStack(layered(6, 3));
    const handle = await deploy(stack);
    await reached(handle, begun('start s2'));
    await worker.kill();
    await worker.start();
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', release: 1 });
    expect(await ready(stack)).toEqual(names(6));
  });

  it('an API server that is away in mid-phase is waited for, and uses up no deadline of a service', async () => {
    const stack = clusterStack({
      first: {
        image: images.app,
        ...probed,
        environment: { START_DELAY: '2' },
        health_check: { http: ':8080/healthz', interval: '500ms', start_period: '10s' },
      },
      second: { image: images.app, ...probed, depends_on: { first: 'healthy' } },
    });
    const handle = await deploy(stack);
    await reached(handle, begun('start first'));
    proxy.cut();
    await sleep(awayMs);
    proxy.mend();
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    expect((await handle.progress()).events.some(delayed('Kubernetes API'))).toBe(true);
    expect(await ready(stack)).toEqual(['first 1/1', 'second 1/1']);
  });

  it('a worker killed with -9 in the middle of a rollback: everything is again what it was', async () => {
    const stack = clusterStack(layered(4, 2));
    await result(stack);
    const before = await specs(stack);
    const handle = await deploy(
      like(
        stack.name,
        layered(4, 2, (index) => (index === 3 ? { image: images.broken } : { image: images.next })),
      ),
    );
    await reached(handle, begun('restore s'));
    await worker.kill();
    await worker.start();
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', leftBehind: [] });
    expect(await specs(stack)).toEqual(before);
    expect(await ready(stack)).toEqual(names(4));
  });

  it('a deployment that ended without a word: the next one undoes its changes, and goes on from there', async () => {
    const stack = clusterStack({ api: { image: images.app, ...probed } });
    await result(stack);
    const lost = await deploy(
      like(stack.name, {
        api: { image: images.app, ...probed, environment: { START_DELAY: '60' } },
        added: { image: images.app, ...probed, environment: { START_DELAY: '60' } },
      }),
    );
    await eventually(async () => {
      const { 'Deployment api': api, 'Deployment added': added } = (await specs(stack)) as Record<
        string,
        { instance: string }
      >;
      expect([api, added].map((each) => each?.instance)).toEqual([
        expect.stringContaining('"deployment":2'),
        expect.stringContaining('"deployment":2'),
      ]);
    });
    const temporal = new Client({
      connection: await Connection.connect({ address: address() }),
      namespace: 'kubernetes-trouble',
    });
    await temporal.workflow.getHandle(lost.id).terminate('by the test');
    await temporal.connection.close();
    expect(await result(stack)).toMatchObject({ outcome: 'unchanged', release: 1 });
    expect(await ready(stack)).toEqual(['api 1/1']);
    expect(Object.keys(await specs(stack)).sort()).toEqual(['Deployment api', 'Service api']);
  });

  it('two deployments at once come one after the other', async () => {
    const stack = clusterStack({ api: { image: images.app, ...probed } });
    const [one, two] = await Promise.all([
      deploy(stack),
      deploy(like(stack.name, { api: { image: images.next, ...probed } })),
    ]);
    const results = [await one.result(), await two.result()];
    expect(results.map(({ outcome }) => outcome)).toEqual(['succeeded', 'succeeded']);
    expect(new Set(results.map(({ deployment }) => deployment)).size).toBe(2);
    expect(await ready(stack)).toEqual(['api 1/1']);
  });

  it('what somebody else owns of an object is left alone, and named where the stack wants it otherwise', async () => {
    const stack = clusterStack({ api: { image: images.app, replicas: 1, ...probed } });
    await result(stack);
    const apps = clusterConfig().makeApiClient(AppsV1Api);
    const edit = (body: object, manager: string) =>
      apps.patchNamespacedDeployment(
        { name: 'api', namespace: namespaceOf(stack), body, fieldManager: manager, force: true },
        setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
      );
    const own = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'api' } };
    await edit({ ...own, spec: { replicas: 2 } }, 'autoscaler');
    await edit({ ...own, metadata: { ...own.metadata, annotations: { team: 'shop' } } }, 'somebody');
    const wanted = like(stack.name, { api: { image: images.app, replicas: 3, ...probed } });
    expect(await result(wanted)).toMatchObject({
      outcome: 'rolled_back',
      cause: {
        service: 'api',
        message: expect.stringMatching(/another field manager owns \.spec\.replicas \(autoscaler\).*--force/),
      },
    });
    expect((await apps.readNamespacedDeployment({ name: 'api', namespace: namespaceOf(stack) })).spec!.replicas).toBe(
      2,
    );
    expect(await result(wanted, { force: true })).toMatchObject({ outcome: 'succeeded' });
    const { metadata, spec } = await apps.readNamespacedDeployment({ name: 'api', namespace: namespaceOf(stack) });
    expect({ team: metadata!.annotations!.team, replicas: spec!.replicas }).toEqual({ team: 'shop', replicas: 3 });
  });

  it("what existed before and is not the engine's is neither taken over nor deleted", async () => {
    const stack = clusterStack({ api: { image: images.app, ...probed } });
    used.add(stack.name);
    const core = clusterConfig().makeApiClient(CoreV1Api);
    const namespace = namespaceOf(stack);
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    await core.createNamespacedService({
      namespace,
      body: { metadata: { name: 'api' }, spec: { selector: { app: 'else' }, ports: [{ port: 80 }] } },
    });
    expect(await result(stack)).toMatchObject({
      outcome: 'rolled_back',
      leftBehind: [],
      cause: { message: expect.stringContaining(`the Service ${namespace}/api exists and is not of this service`) },
    });
    expect((await core.readNamespacedService({ name: 'api', namespace })).spec).toMatchObject({
      selector: { app: 'else' },
    });
    expect(Object.keys(await specs(stack))).toEqual(['Service api']);
  });

  it('what the cluster refuses to admit is told as the cluster tells it', async () => {
    const stack = clusterStack({ api: { image: images.app, ...probed, resources: { reserve: { memory: '64M' } } } });
    used.add(stack.name);
    const core = clusterConfig().makeApiClient(CoreV1Api);
    const namespace = namespaceOf(stack);
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    await core.createNamespacedResourceQuota({
      namespace,
      body: { metadata: { name: 'small' }, spec: { hard: { 'requests.memory': '32Mi' } } },
    });
    expect(await result(stack)).toMatchObject({
      outcome: 'rolled_back',
      leftBehind: [],
      cause: { message: expect.stringMatching(/api cannot create pods: .*exceeded quota: small/) },
    });
  });

  it('a volume that cannot be mounted is told as the kubelet tells it', async () => {
    const stack = clusterStack(
      { api: { image: images.app, ...probed, volumes: ['data:/data'] } },
      { volumes: { data: { size: '10M' } } },
    );
    const volumes = await hostVolumes(namespaceOf(stack), ['data'], 'Directory');
    try {
      expect(await result(stack)).toMatchObject({
        outcome: 'rolled_back',
        leftBehind: [],
        cause: {
          service: 'api',
          message: expect.stringMatching(/^api cannot start: FailedMount: .*hostPath type check failed/),
        },
      });
    } finally {
      await volumes.remove();
    }
  });

  it('an image that its registry does not have fails at once, and a registry that is away is waited for', async () => {
    Registry.prepare();
    const registry = Registry.find(mkdtempSync(join(tmpdir(), 'deploy-code-registry-')));
    if (!registry) throw new Error('there is no docker-registry on this machine, and none to be had');
    await registry.start();
    const image = `${registry.image(0).split('/')[0]}/kube/app:${process.pid}`;
    execFileSync('docker', ['tag', images.app, image]);
    execFileSync('docker', ['push', '-q', image], { stdio: 'ignore' });
    try {
      const stack = (tag: string) =>
        clusterStack({
          api: { image: tag, ...probed, health_check: { http: ':8080/healthz', interval: '300ms', retries: 2 } },
        });
      expect(await result(stack(`${image}-missing`))).toMatchObject({
        outcome: 'rolled_back',
        leftBehind: [],
        cause: {
          message: expect.stringMatching(/^api cannot pull its image \((ErrImagePull|ImagePullBackOff)\): .*not found/),
        },
      });
      await registry.kill();
      const handle = await deploy(stack(image));
      await reached(handle, delayed(/cannot pull its image .*connection refused/));
      await registry.start();
      expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    } finally {
      await registry.kill();
      execFileSync('docker', ['rmi', '-f', image], { stdio: 'ignore' });
    }
  });

  it('what a new version no longer has goes with it, and is there again where that fails', async () => {
    const full = {
      api: {
        image: images.app,
        replicas: 2,
        ...probed,
        ports: ['80:8080'],
        expose: { port: 8080, host: 'shop.example.com' },
        configs: { page: '/etc/page' },
      },
    };
    const more = { configs: { page: { content: 'hello' } } };
    const stack = clusterStack(full, more);
    await result(stack);
    const before = await specs(stack);
    const bare = {
      image: images.app,
      replicas: 1,
      health_check: { command: ['true'], interval: '500ms' },
      stop_grace_period: '1s',
    };
    expect(await result(like(stack.name, { api: { ...bare, image: images.broken } }))).toMatchObject({
      outcome: 'rolled_back',
      leftBehind: [],
    });
    const { 'Service api': served, ...rest } = (await specs(stack)) as Record<string, { spec: { ports: object[] } }>;
    const { 'Service api': was, ...others } = before as Record<string, { spec: { ports: object[] } }>;
    expect(rest).toEqual({
      ...others,
      'Ingress api': { ...others['Ingress api']!, uid: expect.any(String) },
      'PodDisruptionBudget api': { ...others['PodDisruptionBudget api']!, uid: expect.any(String) },
    });
    expect(served!.spec.ports).toEqual(was!.spec.ports);
    expect(await result(like(stack.name, { api: bare }))).toMatchObject({ outcome: 'succeeded' });
    expect(
      Object.keys(await specs(stack))
        .map((key) => key.replace(/-config-.*/, '-config'))
        .sort(),
    ).toEqual(['ConfigMap api-config', 'Deployment api', 'Service api']);
    expect(await result(like(stack.name, { api: { ...bare, image: images.next } }))).toMatchObject({
      outcome: 'succeeded',
    });
    expect(Object.keys(await specs(stack)).sort()).toEqual(['Deployment api', 'Service api']);
  });

  it('a service that comes to hold data has never two kinds of pods, also on the way back', async () => {
    const stack = clusterStack({ api: { image: images.app, replicas: 1, ...probed } });
    const volumes = await hostVolumes(namespaceOf(stack), ['data']);
    try {
      await result(stack);
      const before = await specs(stack);
      const holding = (image: string): Stack => ({
        ...clusterStack({ api: { image, ...probed, volumes: ['data:/data'] } }, { volumes: { data: { size: '10M' } } }),
        name: stack.name,
      });
      expect(await result(holding(images.broken))).toMatchObject({ outcome: 'rolled_back', leftBehind: [] });
      expect(Object.keys(await specs(stack)).sort()).toEqual([
        'Deployment api',
        'PersistentVolumeClaim data',
        'Service api',
      ]);
      expect((await specs(stack))['Deployment api']).toMatchObject({
        spec: (before['Deployment api'] as { spec: object }).spec,
      });
      expect(await result(holding(images.app))).toMatchObject({ outcome: 'succeeded' });
      expect(Object.keys(await specs(stack)).sort()).toEqual([
        'PersistentVolumeClaim data',
        'Service api',
        'StatefulSet api',
      ]);
      expect(await ready(stack)).toEqual(['api 1/1']);
    } finally {
      await volumes.remove();
    }
  });

  it('a job whose pod cannot even start fails, and is not waited for', async () => {
    const stack = clusterStack({
      migrate: { image: 'deploy-code-test/nowhere:1', pull_policy: 'never', kind: 'job', command: ['true'] },
    });
    expect(await result(stack)).toMatchObject({
      outcome: 'rolled_back',
      leftBehind: [],
      cause: {
        service: 'migrate',
        message: expect.stringMatching(/^migrate cannot start its container \(ErrImageNeverPull\)/),
      },
    });
  });
});
