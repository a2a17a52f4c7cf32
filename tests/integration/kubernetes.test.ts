import { AppsV1Api } from '@kubernetes/client-node';
import { Client, Connection } from '@temporalio/client';
import type { Manifest } from '../../src/kubernetes';
import { payloadCodec } from '../../src/payloads/codec';
import { pathOf } from '../../src/runtimes/kubernetes/api/paths';
import { clusterConfig, clusterEndpoint, deleteNamespace } from '../support/cluster';
import { anybody, occupy, vacate } from '../support/cluster-objects';
import { clusterStack, layered, namespaceOf, probed, ready, specs, wipe } from '../support/cluster-world';
import { hostVolumes, type HostVolumes } from '../support/host-volumes';
import { eventually } from '../support/eventually';
import { address, startEngine, type TestEngine } from '../support/engine';
import { decoded } from '../support/histories';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import type { Stack } from '../../src/config';
import { describeInFull, isFull, itInFull } from '../support/exhaustive';

type Data = Record<string, unknown>;

const count = isFull ? 20 : 12;

describeWith('kubernetes', 'a deployment on Kubernetes', () => {
  let engine: TestEngine;
  const used = new Set<string>();
  beforeAll(async () => void (engine = await startEngine('kubernetes', { cluster: clusterEndpoint() })));
  afterAll(async () => {
    for (const stack of used) await wipe(stack);
    await engine.close();
  });

  const deploy = async (stack: Stack, options = {}) => {
    used.add(stack.name);
    return (await engine.client.deploy(stack, options)).result();
  };

  describe(`of ${count} services in 4 phases`, () => {
    const last = count - 1;
    const layers = (name?: string, change?: (index: number) => Data) => {
      const stack = clusterStack(layered(count, 4, change));
      return name ? { ...stack, name } : stack;
    };
    const allReady = Array.from({ length: count }, (_, index) => `s${index} 1/1`).sort();
    let stack: Stack;
    beforeAll(() => void (stack = layers()));

    it('comes up', async () => {
      expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded', release: 1 });
      expect(await ready(stack)).toEqual(allReady);
    });

    it('plans, and changes nothing, when nothing changed', async () => {
      const before = await specs(stack);
      expect(
        (await engine.client.plan(layers(stack.name, (index) => (index === last ? { image: images.next } : {})))).plan,
      ).toMatchObject({ changes: true, pulls: [] });
      expect(await deploy(stack)).toMatchObject({ outcome: 'unchanged' });
      expect(await specs(stack)).toEqual(before);
    });

    it('replaces one when one changed', async () => {
      const before = await specs(stack);
      expect(await deploy(layers(stack.name, (index) => (index === 7 ? { image: images.next } : {})))).toMatchObject({
        outcome: 'succeeded',
        changed: ['s7'],
        release: 2,
      });
      const after = await specs(stack);
      expect(Object.keys(after).filter((key) => JSON.stringify(after[key]) !== JSON.stringify(before[key]))).toEqual([
        'Deployment s7',
      ]);
      expect(await ready(stack)).toHaveLength(count);
    });

    it('puts everything back when one is broken in the last phase', async () => {
      const before = await specs(stack);
      const result = await deploy(
        layers(stack.name, (index) =>
          index === last
            ? { image: images.broken }
            : index === 3
              ? { environment: { A: '1' }, replicas: 2 }
              : index === 7
                ? { image: images.next }
                : {},
        ),
      );
      expect(result).toMatchObject({
        outcome: 'rolled_back',
        release: 2,
        leftBehind: [],
        cause: {
          service: `s${last}`,
          message: `s${last} exited 1`,
          evidence: { exitCode: 1, outOfMemory: false, logs: expect.arrayContaining(['told to crash: no reason']) },
        },
      });
      expect(await specs(stack)).toEqual(before);
      expect(await ready(stack)).toEqual(allReady);
    });

    it('goes back to an older release', async () => {
      expect(
        await (await engine.client.rollback({ stack: stack.name, environment: 'test' }, { to: 1 })).result(),
      ).toMatchObject({ outcome: 'succeeded', changed: ['s7'], release: 1 });
    });

    it('stops, and leaves nothing', async () => {
      expect(await (await engine.client.stop(stack)).result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
      expect(await specs(stack)).toEqual({});
      expect(await ready(stack)).toEqual([]);
    });
  });

  describeInFull('that fails', () => {
    const broken: [what: string, service: Data, cause: Data][] = [
      [
        'an image that is not there',
        { image: 'deploy-code-test/nowhere:1', pull_policy: 'never' },
        { message: expect.stringMatching(/^api cannot start its container \(ErrImageNeverPull\): /) },
      ],
      [
        'a crash',
        { image: images.broken },
        {
          message: 'api exited 1',
          evidence: { exitCode: 1, logs: expect.arrayContaining(['told to crash: no reason']) },
        },
      ],
      [
        'more memory than its limit',
        { command: ['sh', '-c', 'x=$(cat /dev/zero | tr "\\0" a)'], resources: { limit: { memory: '24M' } } },
        { message: 'api exited 137, out of memory', evidence: { exitCode: 137, outOfMemory: true } },
      ],
      [
        'no node that it fits on',
        { zone: 'nowhere' },
        { message: expect.stringContaining('cannot be scheduled: 0/1 nodes are available') },
      ],
      [
        'a check that never succeeds',
        { health_check: { http: ':8080/nowhere', interval: '300ms', retries: 2 } },
        {
          message: expect.stringContaining('is not healthy after'),
          evidence: { logs: expect.arrayContaining([expect.stringContaining('statuscode: 404')]) },
        },
      ],
    ];

    it.each(broken)('by %s says so within seconds, and makes again what was there', async (_, change, cause) => {
      const stack = clusterStack({ api: { image: images.app, ...probed } });
      expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
      const before = await specs(stack);
      const begin = Date.now();
      expect(
        await deploy({ ...clusterStack({ api: { image: images.app, ...probed, ...change } }), name: stack.name }),
      ).toMatchObject({ outcome: 'rolled_back', leftBehind: [], cause: { service: 'api', ...cause } });
      expect(Date.now() - begin).toBeLessThan(40_000);
      expect(await specs(stack)).toEqual(before);
      expect(await ready(stack)).toEqual(['api 1/1']);
    });
  });

  describe('with a database, a job and secrets', () => {
    const shop = (migration: string, more: Data = {}) => ({
      database: { image: images.app, volumes: ['data:/data'], environment: { DATA: '/data' }, ...probed },
      migrate: {
        image: images.app,
        kind: 'job',
        command: ['sh', '-c', migration],
        depends_on: { database: 'healthy' },
        volumes: ['marks:/data'],
      },
      api: {
        image: images.app,
        replicas: 2,
        depends_on: { migrate: 'completed' },
        ports: ['80:8080'],
        configs: { page: '/etc/page.html' },
        secrets: ['token', { source: 'password', environment: 'PASSWORD' }],
        ...probed,
        ...more,
      },
    });
    const rest = {
      volumes: { data: { size: '10M' }, marks: { size: '10M' } },
      configs: { page: { content: 'hello' } },
      secrets: { token: { environment: 'KUBERNETES_TEST_TOKEN' }, password: { environment: 'KUBERNETES_TEST_TOKEN' } },
    };
    const make = (migration: string, more: Data = {}, name?: string): Stack => {
      const stack = clusterStack(shop(migration, more), rest);
      return name === undefined ? stack : { ...stack, name };
    };
    let stack: Stack;
    let volumes: HostVolumes;
    const exec = async (service: string, ...command: string[]) =>
      (await engine.client.exec(stack, `${stack.name}-test/${service}`, command)).output;
    beforeAll(async () => {
      process.env.KUBERNETES_TEST_TOKEN = 'hunter2';
      stack = make('echo first >> /data/marks');
      volumes = await hostVolumes(namespaceOf(stack), ['data', 'marks']);
    });
    afterAll(() => volumes.remove());

    it('runs the job once between them, and gives each what it needs', async () => {
      expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
      expect(await ready(stack)).toEqual(['api 2/2', 'database 1/1', 'migrate 0/1']);
      expect(
        await exec(
          'api',
          'sh',
          '-c',
          'cat /etc/page.html; test "$(cat /run/secrets/token)" = "$PASSWORD" && echo " and ${#PASSWORD}"',
        ),
      ).toBe('hello and 7\n');
      expect(
        Object.keys(await specs(stack))
          .map((key) => key.replace(/-(config|secret)-.*/, '-$1'))
          .sort(),
      ).toEqual([
        'ConfigMap api-config',
        'Deployment api',
        'Job migrate-d1',
        'PersistentVolumeClaim data',
        'PersistentVolumeClaim marks',
        'PodDisruptionBudget api',
        'Secret api-secret',
        'Service api',
        'Service database',
        'StatefulSet database',
      ]);
    });

    it('puts what failed back, and neither runs the older job again nor touches a claim', async () => {
      const before = await specs(stack);
      expect(await deploy(make('echo second >> /data/marks', { image: images.broken }, stack.name))).toMatchObject({
        outcome: 'rolled_back',
        leftBehind: [],
        notUndone: [expect.stringContaining('migrate')],
        cause: { service: 'api', message: 'api exited 1' },
      });
      expect(await specs(stack)).toEqual(before);
      expect(await volumes.read('marks')).toEqual(['first', 'second']);
    });

    it('goes on with the same data when it comes again after a stop', async () => {
      expect(await (await engine.client.stop(stack)).result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
      expect(Object.keys(await specs(stack))).toEqual(['PersistentVolumeClaim data', 'PersistentVolumeClaim marks']);
      expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
      expect(await exec('database', 'cat', '/data/log')).toBe('1\n1\n');
    });

    it('tells no secret to Temporal', async () => {
      const client = new Client({
        connection: await Connection.connect({ address: address() }),
        namespace: 'kubernetes',
        dataConverter: { payloadCodecs: [payloadCodec()] },
      });
      for await (const { workflowId } of client.workflow.list({ query: `WorkflowType = 'deployment'` })) {
        if (workflowId.includes(stack.name))
          expect(await decoded((await client.workflow.getHandle(workflowId).fetchHistory()).events)).not.toContain(
            'hunter2',
          );
      }
      await client.connection.close();
    });
  });

  itInFull(
    'serves a host name with a certificate of the stack, then with a new one; a failure keeps the old',
    async () => {
      process.env.KUBERNETES_TEST_CHAIN = 'first chain';
      process.env.KUBERNETES_TEST_KEY = 'its key';
      const secrets = { chain: { environment: 'KUBERNETES_TEST_CHAIN' }, key: { environment: 'KUBERNETES_TEST_KEY' } };
      const web = (image: string) => ({
        web: {
          image,
          ...probed,
          expose: { port: 8080, host: 'shop.example.com', tls: { certificate: 'chain', key: 'key' } },
        },
      });
      const stack = clusterStack(web(images.app), { secrets });
      const served = async () => {
        const all = await specs(stack);
        const {
          spec: { tls },
        } = all['Ingress web'] as { spec: { tls: { hosts: string[]; secretName: string }[] } };
        const { hosts, secretName } = tls[0]!;
        const { data } = all[`Secret ${secretName}`] as { data: Record<string, string> };
        return {
          hosts,
          chain: Buffer.from(data['tls.crt']!, 'base64').toString(),
          holders: Object.keys(all).filter((key) => key.startsWith('Secret web-tls')).length,
        };
      };
      expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
      expect(await served()).toEqual({ hosts: ['shop.example.com'], chain: 'first chain', holders: 1 });
      process.env.KUBERNETES_TEST_CHAIN = 'second chain';
      expect(await deploy({ ...clusterStack(web(images.broken), { secrets }), name: stack.name })).toMatchObject({
        outcome: 'rolled_back',
        leftBehind: [],
      });
      expect(await served()).toEqual({ hosts: ['shop.example.com'], chain: 'first chain', holders: 1 });
      expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded', changed: ['web'] });
      expect(await served()).toMatchObject({ hosts: ['shop.example.com'], chain: 'second chain' });
    },
  );

  describeInFull('in a namespace that the file names', () => {
    const namespace = `shared-${process.pid}`;
    const inShared = (services: Data, name?: string): Stack => {
      const stack = clusterStack(services, { infrastructure: { kubernetes: { namespace } } });
      return name === undefined ? stack : { ...stack, name };
    };
    afterAll(() => deleteNamespace(namespace));

    it('stands beside other stacks, takes none of their names, and does not move by itself', async () => {
      const [one, two] = [
        inShared({ api: { image: images.app, ...probed } }),
        inShared({ web: { image: images.app, ...probed } }),
      ];
      expect(await deploy(one)).toMatchObject({ outcome: 'succeeded' });
      expect(await deploy(two)).toMatchObject({ outcome: 'succeeded' });
      expect(await deploy(two)).toMatchObject({ outcome: 'unchanged' });
      expect(
        await deploy(
          inShared({ web: { image: images.app, ...probed }, api: { image: images.next, ...probed } }, two.name),
        ),
      ).toMatchObject({
        outcome: 'rolled_back',
        leftBehind: [],
        cause: { message: expect.stringContaining(`the name ${namespace}/api is taken by another stack`) },
      });
      expect(
        await deploy({ ...clusterStack({ web: { image: images.app, ...probed } }), name: two.name }),
      ).toMatchObject({
        outcome: 'refused',
        refusals: [{ message: expect.stringContaining(`the stack still runs in the namespace ${namespace}`) }],
      });
      expect(await (await engine.client.stop(two)).result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
      expect((await engine.client.status(one)).found.map(({ service, health }) => `${service} ${health}`)).toEqual([
        'api healthy',
      ]);
    });
  });

  it('leaves objects of others under its names alone: in a deployment, a rollback and a stop', async () => {
    const api = anybody();
    const services = { api: { image: images.app, ...probed } };
    const stack = clusterStack(services);
    const namespace = namespaceOf(stack);
    const like = (more: Data) => ({ ...clusterStack(more), name: stack.name });
    const theirs = (name: string): Manifest => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace, labels: {} },
      spec: { clusterIP: 'None', selector: { app: 'theirs' } },
    });
    const occupied = async (name: string) => api.get(await occupy(api, theirs(name), { team: 'billing' }));
    const keeps = async (name: string) => api.get(pathOf(theirs(name)));
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });

    const web = await occupied('web');
    const before = await specs(stack);
    expect(await deploy(like({ ...services, web: { image: images.app, ...probed } }))).toMatchObject({
      outcome: 'rolled_back',
      leftBehind: [],
      cause: { message: expect.stringContaining(`the Service ${namespace}/web exists and is not of this service`) },
    });
    expect(await specs(stack)).toEqual(before);
    expect(await keeps('web')).toEqual(web);

    await vacate(api, pathOf(theirs('api')));
    const taken = await occupied('api');
    const changed = await specs(stack);
    expect(await deploy(like({ api: { image: images.next, ...probed } }))).toMatchObject({
      outcome: 'rolled_back',
      leftBehind: [],
      cause: { message: expect.stringContaining(`the Service ${namespace}/api exists and is not of this service`) },
    });
    expect(await (await engine.client.stop(stack)).result()).toMatchObject({
      leftBehind: [expect.stringContaining(`services/api is not of ${stack.name}/test; nothing was changed`)],
    });
    expect(Object.keys(await specs(stack))).toEqual(Object.keys(changed));
    expect(await ready(stack)).toEqual([]);
    expect(await keeps('api')).toEqual(taken);

    await vacate(api, pathOf(theirs('api')));
    expect(await (await engine.client.stop(stack)).result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect(Object.keys(await specs(stack))).toEqual(['Service web']);
    expect(await keeps('web')).toEqual(web);
  });

  describe('between deployments', () => {
    it('what somebody has changed by hand is told, and `repair` makes it again what the release says', async () => {
      const stack = clusterStack(
        { api: { image: images.app, replicas: 1, ...probed } },
        { watch: { interval: '500ms' } },
      );
      await deploy(stack);
      const before = await specs(stack);
      const apps = clusterConfig().makeApiClient(AppsV1Api);
      const body = [
        { op: 'replace', path: '/spec/template/spec/containers/0/image', value: images.next },
        { op: 'replace', path: '/spec/replicas', value: 2 },
      ];
      await apps.patchNamespacedDeployment({
        name: 'api',
        namespace: namespaceOf(stack),
        body,
        fieldManager: 'somebody',
      });
      await eventually(async () => {
        const { watch } = (await engine.client.environment({ stack: stack.name, environment: 'test' }))!;
        expect(watch!.drift).toEqual([
          'api-1 is altered at spec.replicas: 2 instead of 1',
          `api-1 is altered at spec.template.spec.containers[api].image: ${images.next} instead of ${images.app}`,
        ]);
      });
      expect(await (await engine.client.repair({ stack: stack.name, environment: 'test' })).result()).toMatchObject({
        outcome: 'succeeded',
        changed: ['api'],
        release: 1,
      });
      const [spec, was] = [(await specs(stack))['Deployment api'], before['Deployment api']] as { spec: unknown }[];
      expect(spec!.spec).toEqual(was!.spec);
    });

    itInFull('how many pods there are is left to others where the file does not say', async () => {
      const stack = clusterStack({ api: { image: images.app, ...probed } });
      await deploy(stack);
      const apps = clusterConfig().makeApiClient(AppsV1Api);
      await apps.patchNamespacedDeploymentScale({
        name: 'api',
        namespace: namespaceOf(stack),
        body: [{ op: 'replace', path: '/spec/replicas', value: 2 }],
        fieldManager: 'autoscaler',
      });
      expect(
        await deploy({ ...clusterStack({ api: { image: images.next, ...probed } }), name: stack.name }),
      ).toMatchObject({ outcome: 'succeeded' });
      expect(await ready(stack)).toEqual(['api 2/2']);
    });
  });
});
