import { toManifests, type Manifest } from '../../src/kubernetes';
import type { KubernetesApi } from '../../src/runtimes/kubernetes/api';
import { observe } from '../../src/runtimes/kubernetes/observe';
import type { InstanceSpec } from '../../src/model/instance';
import { spec } from '../runtimes/contract';
import { emptyObservation, plan } from '../support/observation';
import { stackOf } from '../support/stack';

type Annotations = Record<string, string>;
type Place = Pick<InstanceSpec, 'stack' | 'environment'>;

const scope = { stack: 'shop', environment: 'test' };
const cluster = { host: 'kubernetes://test', identity: async () => 'uid', tooOld: async () => undefined };
const reserve = { cpus: 2, memory: 1024 };
const ownDeployments = '/apis/apps/v1/namespaces/shop-test/deployments';

function deployment(
  of: Place,
  name: string,
  annotations: Annotations = {},
  more: Partial<InstanceSpec> = {},
): Manifest {
  const made = spec(name, { ...of, name: `${of.stack}-${of.environment}/${name}`, reserve, ...more });
  const manifest = toManifests(made, { variables: {}, files: [], certificates: [] }).find(
    ({ kind }) => kind === 'Deployment',
  )!;
  return {
    ...manifest,
    metadata: { ...manifest.metadata, annotations: { ...manifest.metadata.annotations, ...annotations } },
  };
}

interface Objects {
  own?: Manifest[];
  foreign?: Manifest[];
  claims?: object[];
  note?: object;
}

/** A server with workloads of this environment and of others, claims, and a note of what was applied. */
function serverWith({ own = [], foreign = [], claims = [], note }: Objects): KubernetesApi {
  const lists: Record<string, object[]> = {
    [ownDeployments]: own,
    '/apis/apps/v1/deployments': [...own, ...foreign],
    '/api/v1/namespaces/shop-test/persistentvolumeclaims': claims,
  };
  return { list: async (path: string) => lists[path] ?? [], find: async () => note } as unknown as KubernetesApi;
}

const poison: [string, Annotations][] = [
  ['no JSON', { 'deploy-code.io/instance': '{' }],
  ['an empty record', { 'deploy-code.io/instance': '{}' }],
  ['no object', { 'deploy-code.io/instance': 'null' }],
  ['a negative reserve', { 'deploy-code.io/instance': JSON.stringify({ reserve: { cpus: -1 } }) }],
  ['an unknown state', { 'deploy-code.io/state': 'dancing' }],
];

describe('observing a cluster', () => {
  it.each(poison)('reports one workload of its own alone where its annotations are %s', async (_, annotations) => {
    const own = [deployment(scope, 'api'), deployment(scope, 'bad', annotations)];
    const { instances, unreadable } = await observe(serverWith({ own }), cluster, scope, {});
    expect(instances.map(({ name }) => name)).toEqual(['shop-test/api']);
    expect(unreadable).toEqual([
      {
        name: 'shop-test/bad',
        why: `its annotation ${Object.keys(annotations)[0]} cannot be read`,
        remove: 'kubectl delete deployment bad --namespace shop-test',
      },
    ]);
  });

  it.each(poison)('counts a workload of others as nothing where its annotations are %s', async (_, annotations) => {
    const bank = { stack: 'bank', environment: 'test' };
    const foreign = [deployment(bank, 'api'), deployment(bank, 'bad', annotations)];
    const { capacity, unreadable } = await observe(serverWith({ foreign }), cluster, scope, {});
    expect(capacity.reservedByOthers).toMatchObject(reserve);
    expect(unreadable).toBeUndefined();
  });

  it.each(['{', '{}', '[1]', 'null'])('knows no mounts of a claim that says %s', async (text) => {
    const claim = { metadata: { name: 'data', annotations: { 'deploy-code.io/mounted-at': text } } };
    const { volumes } = await observe(serverWith({ claims: [claim] }), cluster, scope, {});
    expect(volumes).toEqual([{ name: 'shop-test/data', owner: '', mountedAt: [], writers: [] }]);
  });

  it('reads back what it has noted of an instance', async () => {
    const noted: Partial<InstanceSpec> = {
      ports: [{ container: 80, host: 8080, protocol: 'tcp' }],
      preStop: ['drain'],
      healthCheck: { probe: { kind: 'tcp', port: 80 }, intervalMs: 1000, timeoutMs: 500, retries: 3, startPeriodMs: 0 },
      networks: [{ name: 'shop-test/default', aliases: ['api'] }],
      restart: 'on-failure:3',
    };
    const {
      instances: [found],
    } = await observe(serverWith({ own: [deployment(scope, 'api', {}, noted)] }), cluster, scope, {});
    expect(found).toMatchObject({
      ...noted,
      networks: ['shop-test/default'],
      names: noted.networks,
      policy: 'on-failure:3',
    });
  });

  it('goes on where a note of what was applied cannot be read, and says so', async () => {
    const note = {
      type: 'deploy-code.io/manifests',
      data: { manifests: 'nonsense' },
      metadata: { resourceVersion: '1' },
    };
    const { instances } = await observe(serverWith({ own: [deployment(scope, 'api')], note }), cluster, scope, {
      closely: true,
    });
    expect(instances[0]!.altered).toEqual([
      expect.stringContaining('the record of what was applied for shop-test/api cannot be read'),
    ]);
  });

  it('tells people by which command a workload that cannot be read goes', () => {
    const stack = stackOf({
      name: 'shop',
      environment: 'test',
      infrastructure: { orchestrator: 'Kubernetes' },
      services: { api: { image: 'api:1' } },
    });
    const unreadable = [{ name: 'shop-test/bad', why: 'it cannot be read', remove: 'kubectl delete job bad' }];
    expect(plan(stack, { ...emptyObservation(stack), unreadable }).plan.warnings).toContain(
      'shop-test/bad is left alone: it cannot be read; remove it with `kubectl delete job bad` if it is not needed',
    );
  });
});
