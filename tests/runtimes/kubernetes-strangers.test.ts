import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { SecretStore } from '../../src/activities/secrets';
import { toManifests, type Manifest, type Values } from '../../src/kubernetes';
import { toClaim } from '../../src/kubernetes/claim';
import type { InstanceRef, InstanceSpec } from '../../src/model/instance';
import { createKubernetesRuntime } from '../../src/runtimes/kubernetes';
import type { KubernetesApi } from '../../src/runtimes/kubernetes/api';
import { pathOf } from '../../src/runtimes/kubernetes/api/paths';
import type { Runtime } from '../../src/runtimes/runtime';
import { clusterEndpoint, deleteNamespace } from '../support/cluster';
import { anybody, objectsIn, occupy, vacate } from '../support/cluster-objects';
import { clusterStack, namespaceOf } from '../support/cluster-world';
import { ensureHttpRoutes } from '../support/gateway-api';
import { images } from '../support/image';
import { allSteps, emptyObservation, plan } from '../support/observation';
import { describeWith } from '../support/parts';

type Data = Record<string, unknown>;

const bank = {
  'app.kubernetes.io/name': 'api',
  'app.kubernetes.io/managed-by': 'deploy-code',
  'deploy-code.io/stack': 'bank',
  'deploy-code.io/environment': 'test',
};
const strangers: [whose: string, labels: Record<string, string>][] = [
  ['nobody', { team: 'billing' }],
  ['another stack', bank],
];

const values: Values = {
  variables: { PASSWORD: 'x' },
  files: [],
  certificates: [{ certificate: 'x', key: 'x' }],
};

/** The spec of a service of a stack as a plan names it, in the namespace of the stack. */
function specOf(service: Data, more: Data = {}): InstanceSpec {
  const secrets = Object.fromEntries(
    ['password', 'chain', 'key'].map((name) => [name, { environment: 'KUBERNETES_TEST_TOKEN' }]),
  );
  const stack = clusterStack({ api: { image: images.app, ...service } }, { secrets, ...more });
  const { plan: planned, refusals } = plan(stack, emptyObservation(stack));
  expect(refusals).toEqual([]);
  return (allSteps(planned).find(({ kind }) => kind === 'start' || kind === 'create-job') as { instance: InstanceSpec })
    .instance;
}

const withEverything = (): InstanceSpec =>
  specOf(
    {
      replicas: 2,
      ports: ['80:8080'],
      networks: ['back'],
      configs: { page: '/etc/page.html' },
      secrets: [{ source: 'password', environment: 'PASSWORD' }],
      expose: { port: 8080, host: 'shop.example.com', tls: { certificate: 'chain', key: 'key' } },
    },
    { networks: { back: {} }, configs: { page: { content: 'hello' } } },
  );
const withRoute = (): InstanceSpec =>
  specOf(
    { ports: ['80:8080'], expose: { port: 8080, host: 'shop.example.com' } },
    { infrastructure: { kubernetes: { gateway: 'gate' } } },
  );
const withData = (): InstanceSpec => specOf({ volumes: ['data:/data'] }, { volumes: { data: { size: '10M' } } });
const job = (): InstanceSpec => specOf({ kind: 'job', command: ['true'] });

const noteOf = ({ name }: InstanceSpec): Manifest => {
  const [namespace, own] = name.split('/');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    stringData: { theirs: 'x' },
    metadata: { name: `deploy-code.${own}`, namespace: namespace!, labels: {} },
  };
};
const made =
  (kind: Manifest['kind'], part = '') =>
  (spec: InstanceSpec): Manifest =>
    toManifests(spec, values).find((each) => each.kind === kind && each.metadata.name.includes(part))!;

const kinds: [what: string, spec: () => InstanceSpec, object: (spec: InstanceSpec) => Manifest][] = [
  ['a Deployment', withEverything, made('Deployment')],
  ['a Service', withEverything, made('Service')],
  ['a ConfigMap', withEverything, made('ConfigMap')],
  ['a Secret of variables', withEverything, made('Secret', '-secret-')],
  ['a Secret of a certificate', withEverything, made('Secret', '-tls-')],
  ['an Ingress', withEverything, made('Ingress')],
  ['a NetworkPolicy', withEverything, made('NetworkPolicy')],
  ['a PodDisruptionBudget', withEverything, made('PodDisruptionBudget')],
  ['the Secret for the note', withEverything, noteOf],
  ['an HTTPRoute', withRoute, made('HTTPRoute')],
  ['a StatefulSet', withData, made('StatefulSet')],
  ['a Job', job, made('Job')],
];

describeWith('kubernetes', 'a namespace full of strangers', () => {
  process.env.KUBERNETES_TEST_TOKEN = 'hunter2';
  const driver = createKubernetesRuntime(
    new SecretStore(mkdtempSync(join(tmpdir(), 'deploy-code-strangers-'))),
    clusterEndpoint(),
  );
  const namespaces = new Set<string>();
  let api: KubernetesApi;
  beforeAll(async () => {
    api = anybody();
    await ensureHttpRoutes();
  });
  afterAll(async () => {
    for (const name of namespaces) await deleteNamespace(name);
  });

  const refOf = ({ name, service, ordinal, restart }: InstanceSpec): InstanceRef => ({
    name,
    service,
    ordinal,
    restart,
    stopGraceMs: 1000,
  });
  const enter = async (spec: InstanceSpec): Promise<{ runtime: Runtime; namespace: string }> => {
    const namespace = namespaceOf({ name: spec.stack });
    if (!namespaces.has(namespace)) await api.post('/api/v1/namespaces', { metadata: { name: namespace } });
    namespaces.add(namespace);
    const runtime = driver.within({ stack: spec.stack, environment: spec.environment });
    for (const mount of spec.mounts)
      if (mount.type === 'volume')
        await runtime.volumes!.create({ name: mount.volume, key: 'data', mountedAt: [], size: 1e7 });
    return { runtime, namespace };
  };

  describe.each(strangers)('of %s', (_, labels) => {
    it.each(kinds)(
      'keeps %s that a new service would need the name of, also when that is undone and stopped',
      async (__, specOfKind, objectOf) => {
        const spec = specOfKind();
        const { runtime, namespace } = await enter(spec);
        const theirs = objectOf(spec);
        await occupy(api, theirs, labels);
        const before = await objectsIn(api, namespace);
        const refusal = {
          kind: 'software',
          message: expect.stringContaining(
            `the ${theirs.kind} ${namespace}/${theirs.metadata.name} exists and is not of this service`,
          ),
        };
        await expect(runtime.create(spec)).rejects.toMatchObject(refusal);
        await expect(runtime.workloads!.apply(spec, true)).rejects.toMatchObject(refusal);
        await runtime.workloads!.restore(refOf(spec), spec.deployment);
        await runtime.retire(refOf(spec));
        await runtime.remove(refOf(spec));
        await expect(runtime.start(spec.name)).rejects.toMatchObject({ kind: 'missing' });
        await expect(runtime.revive(refOf(spec))).rejects.toMatchObject({ kind: 'missing' });
        expect(await objectsIn(api, namespace)).toEqual(before);
      },
    );
  });

  it('leaves an object alone that took the place of ours: in a deployment, a rollback and a stop', async () => {
    for (const specOfKind of [withEverything, withRoute]) {
      const spec = specOfKind();
      const next = { ...spec, deployment: 2, hash: 'next', image: images.next };
      const { runtime, namespace } = await enter(spec);
      const workloads = runtime.workloads!;
      await workloads.apply(spec, false);
      await workloads.apply(next, false);
      for (const [what, ofSpec, objectOf] of kinds.filter(([, each]) => each === specOfKind)) {
        if (objectOf === noteOf) continue;
        const theirs = objectOf(next);
        await vacate(api, pathOf(theirs));
        await occupy(api, theirs, what === 'a Service' ? bank : { team: 'billing' });
        const before = await objectsIn(api, namespace);
        const acts = [
          () => workloads.apply(next, true),
          () => workloads.restore(refOf(next), 2),
          () => runtime.remove(refOf(next)),
          ...(theirs.kind === 'Deployment'
            ? [() => runtime.retire(refOf(next)), () => runtime.revive(refOf(next)), () => runtime.start(next.name)]
            : []),
          ...(theirs.kind === 'Service' || theirs.kind === 'HTTPRoute' ? [() => workloads.select(next.name, '*')] : []),
        ];
        for (const act of acts)
          await expect(act()).rejects.toMatchObject({
            kind: 'software',
            message: expect.stringMatching(new RegExp(`${theirs.metadata.name} .*not of`)),
          });
        expect([what, await objectsIn(api, namespace)]).toEqual([what, before]);
        expect(ofSpec).toBe(specOfKind);
        await vacate(api, pathOf(theirs));
        await workloads.apply(next, true);
      }
      await runtime.remove(refOf(next));
      expect(Object.keys(await objectsIn(api, namespace))).toEqual([]);
    }
  });

  it('mounts no claim of another stack, mounts one that is of none, and removes neither', async () => {
    const spec = withData();
    const { runtime, namespace } = await enter(spec);
    const claim = toClaim({
      name: `${namespace}/data`,
      stack: 'bank',
      environment: 'test',
      key: 'data',
      mountedAt: [],
      size: 1e7,
    });
    await runtime.create(spec);
    await vacate(api, pathOf(claim));
    await expect(runtime.start(spec.name)).rejects.toMatchObject({
      kind: 'missing',
      message: expect.stringContaining(`no volume ${namespace}/data`),
    });
    await occupy(api, claim, claim.metadata.labels);
    const before = await objectsIn(api, namespace);
    const refusal = {
      kind: 'software',
      message: expect.stringContaining(`the volume ${namespace}/data belongs to stack bank/test`),
    };
    for (const act of [
      () => runtime.start(spec.name),
      () => runtime.revive(refOf(spec)),
      () => runtime.workloads!.apply(spec, true),
      () => runtime.volumes!.remove(`${namespace}/data`),
    ]) {
      await expect(act()).rejects.toMatchObject(refusal);
    }
    expect(await objectsIn(api, namespace)).toEqual(before);
    await runtime.remove(refOf(spec));
    expect(Object.keys(await objectsIn(api, namespace))).toEqual([pathOf(claim)]);
    expect(await runtime.volumes!.adopted([`${namespace}/data`])).toEqual([]);

    await vacate(api, pathOf(claim));
    await occupy(api, claim, { team: 'billing' });
    await runtime.workloads!.apply(spec, false);
    expect(await runtime.inspect(spec.name)).toMatchObject({ state: 'running' });
    expect(await runtime.volumes!.adopted([`${namespace}/data`])).toEqual([`${namespace}/data`]);
    await expect(runtime.volumes!.remove(`${namespace}/data`)).rejects.toMatchObject({
      kind: 'software',
      message: expect.stringContaining('belongs to somebody else'),
    });
    await runtime.remove(refOf(spec));
    expect((await objectsIn(api, namespace))[pathOf(claim)]).toEqual(
      expect.objectContaining({ metadata: expect.objectContaining({ labels: { team: 'billing' } }) }),
    );
  });

  it('takes no pod of another stack for its own, whatever workload that says it is of', async () => {
    const spec = specOf({ stop_grace_period: '1s' });
    const { runtime, namespace } = await enter(spec);
    await runtime.workloads!.apply(spec, false);
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const containers = [{ name: 'api', image: images.app, imagePullPolicy: 'IfNotPresent' }];
    await api.post(pods, {
      metadata: { name: 'theirs', labels: { ...bank, 'deploy-code.io/workload': 'api' } },
      spec: { containers },
    });
    await runtime.workloads!.awaitReady(refOf(spec), {
      signal: AbortSignal.timeout(60_000),
      judgesRoutes: false,
      onWaiting: () => undefined,
    });
    const lines = await runtime.workloads!.pods(spec.name);
    expect(lines.map(({ name }) => name)).toEqual([expect.stringMatching(new RegExp(`^${namespace}/api-`))]);
    const { output } = await runtime.exec(spec.name, ['cat', '/etc/hostname'], 10_000);
    expect(output.trim()).toMatch(/^api-/);
    await runtime.remove(refOf(spec));
    await expect(runtime.exec(`${namespace}/theirs`, ['true'], 1000)).rejects.toMatchObject({ kind: 'missing' });
    expect(await api.find(`${pods}/theirs`)).toBeDefined();
  });

  it('obeys no forged note: one without an end, or about objects and secrets of others', async () => {
    const spec = withEverything();
    const next = { ...spec, deployment: 2, hash: 'next', image: images.next };
    const { runtime, namespace } = await enter(spec);
    await runtime.workloads!.apply(spec, false);
    await runtime.workloads!.apply(next, false);
    const keys: Manifest = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'bank-keys', namespace, labels: {} },
      stringData: { key: 'x' },
    };
    await occupy(api, keys, bank);
    const own = toManifests(spec, values).find(({ kind }) => kind === 'Deployment')!;
    const current = { deployment: 2, manifests: [own], at: 1 };
    const spied = JSON.parse(JSON.stringify(own)) as { spec: { template: { spec: { volumes: unknown[] } } } };
    spied.spec.template.spec.volumes = [{ name: 'keys', secret: { secretName: 'bank-keys', items: [] } }];
    const forged = [
      Buffer.alloc(64 * 1024 * 1024),
      JSON.stringify({ current, stale: [pathOf(keys)] }),
      JSON.stringify({ current, before: { ...current, deployment: 1, manifests: [spied] } }),
      JSON.stringify({
        current,
        before: {
          ...current,
          deployment: 1,
          manifests: [own, { ...keys, metadata: { ...keys.metadata, labels: own.metadata.labels } }],
        },
      }),
    ];
    for (const text of forged) {
      const manifests = gzipSync(text).toString('base64');
      const note = `/api/v1/namespaces/${namespace}/secrets/deploy-code.api`;
      await api.apply(
        note,
        {
          apiVersion: 'v1',
          kind: 'Secret',
          type: 'deploy-code.io/manifests',
          metadata: { name: 'deploy-code.api' },
          data: { manifests },
        },
        'forger',
        true,
      );
      const before = await objectsIn(api, namespace);
      for (const act of [
        () => runtime.workloads!.restore(refOf(next), 2),
        () => runtime.remove(refOf(next)),
        () => runtime.workloads!.apply(next, true),
      ]) {
        await expect(act()).rejects.toMatchObject({
          kind: 'software',
          message: expect.stringMatching(/the record of what was applied for .*\/api|bank-keys is not of/),
        });
      }
      expect(await objectsIn(api, namespace)).toEqual(before);
    }
  });
});
