import { gunzipSync, gzipSync } from 'node:zlib';
import type { V1PodSpec } from '@kubernetes/client-node';
import type { Manifest } from '../../src/kubernetes';
import { ApiError } from '../../src/runtimes/kubernetes/api/errors';
import type { KubernetesApi } from '../../src/runtimes/kubernetes/api';
import type { Entry } from '../../src/runtimes/kubernetes/ledger/entry';
import { Workloads } from '../../src/runtimes/kubernetes/workloads';
import type { InstanceSpec } from '../../src/model/instance';
import { allSteps, emptyObservation, plan } from '../support/observation';
import { stackOf } from '../support/stack';

/** A server that keeps what is applied, and can refuse a kind of object. */
class Store {
  readonly objects = new Map<string, Manifest & { metadata: { resourceVersion?: string; uid?: string } }>();
  refused?: string;
  private version = 0;

  readonly api = {
    get: async () => ({ items: [] }),
    list: async () => [],
    find: async (path: string) => this.objects.get(path),
    apply: async (path: string, body: Manifest) => {
      if (body.kind === this.refused) throw new ApiError('platform', 'away', 503, undefined);
      const version = String((this.version += 1));
      const uid = this.objects.get(path)?.metadata.uid ?? version;
      this.objects.set(path, { ...body, metadata: { ...body.metadata, uid, resourceVersion: version } });
    },
    delete: async (path: string) => void this.objects.delete(path),
  } as unknown as KubernetesApi;

  note(service: string): Entry {
    const secret = this.objects.get(`/api/v1/namespaces/shop-test/secrets/deploy-code.${service}`) as unknown as {
      data: { manifests: string };
    };
    return JSON.parse(gunzipSync(Buffer.from(secret.data.manifests, 'base64')).toString()) as Entry;
  }

  /** As somebody does who may write Secrets. */
  forge(service: string, text: string): void {
    const path = `/api/v1/namespaces/shop-test/secrets/deploy-code.${service}`;
    const data = { manifests: gzipSync(text).toString('base64') };
    this.objects.set(path, { ...this.objects.get(path)!, data } as never);
  }

  selector(service: string): unknown {
    return (
      this.objects.get(`/api/v1/namespaces/shop-test/services/${service}`) as
        { spec: { selector?: unknown } } | undefined
    )?.spec.selector;
  }
}

const stack = stackOf({
  name: 'shop',
  environment: 'test',
  infrastructure: { orchestrator: 'Kubernetes' },
  services: { api: { image: 'api:1', ports: ['80:8080'] } },
});
const [start] = allSteps(plan(stack, emptyObservation(stack)).plan);
const main = (start as { instance: InstanceSpec }).instance;
const beside = (which: 'canary' | 'next'): InstanceSpec => ({
  ...main,
  name: `${main.name}-${which}`,
  workload: { ...main.workload!, beside: which },
});

describe('what runs beside a service', () => {
  const begun = async () => {
    const store = new Store();
    const workloads = new Workloads(
      store.api,
      { variables: async () => ({}), files: async () => [], texts: async () => ({}) },
      { stack: 'shop', environment: 'test' },
    );
    await workloads.apply(main, false);
    await workloads.apply(beside('next'), false);
    await workloads.select(main.name, `${main.name}-next`);
    return { store, workloads };
  };

  it('is left by the requests before it goes, also where that has to be tried twice', async () => {
    const { store, workloads } = await begun();
    expect(store.selector('api')).toEqual({ 'deploy-code.io/workload': 'api-next' });
    store.refused = 'Service';
    await expect(workloads.remove({ name: `${main.name}-next`, stopGraceMs: 0 })).rejects.toThrow('away');
    expect([...store.objects.keys()].filter((path) => path.includes('deployments'))).toHaveLength(2);
    store.refused = undefined;
    await workloads.remove({ name: `${main.name}-next`, stopGraceMs: 0 });
    expect(store.selector('api')).toEqual({ 'deploy-code.io/workload': 'api' });
    expect([...store.objects.keys()].filter((path) => path.includes('api-next'))).toEqual([]);
    expect(store.note('api').servedBy).toBeUndefined();
  });
});

describe('a note of what was applied', () => {
  const deployed = async () => {
    const store = new Store();
    const workloads = new Workloads(
      store.api,
      { variables: async () => ({}), files: async () => [], texts: async () => ({}) },
      { stack: 'shop', environment: 'test' },
    );
    await workloads.apply(main, false);
    await workloads.apply({ ...main, deployment: 2, image: 'api:2', hash: 'two' }, false);
    return { store, workloads, note: store.note('api') };
  };
  const bankLabels = { 'deploy-code.io/stack': 'bank', 'deploy-code.io/environment': 'test' };
  const service = ({ before }: Entry): Manifest => before!.manifests.find(({ kind }) => kind === 'Service')!;

  const podOf = ({ before }: Entry): V1PodSpec => {
    const workload = before!.manifests.find(({ kind }) => kind === 'Deployment') as {
      spec: { template: { spec: V1PodSpec } };
    };
    return workload.spec.template.spec;
  };

  it('restores what it says where that is of the service', async () => {
    const { store, workloads, note } = await deployed();
    await workloads.restore(main, 2);
    expect(store.note('api').current).toMatchObject({ deployment: 1, manifests: note.before!.manifests });
  });

  it.each<[string, (note: Entry) => void]>([
    [
      'an object of another namespace',
      (note) => {
        service(note).metadata.namespace = 'kube-system';
      },
    ],
    [
      'an object of another stack',
      (note) => {
        Object.assign(service(note).metadata.labels, bankLabels);
      },
    ],
    [
      'an object of another service',
      (note) => {
        service(note).metadata.labels['app.kubernetes.io/name'] = 'database';
      },
    ],
    [
      'an object of a kind that is never made',
      (note) => {
        Object.assign(service(note), { kind: 'RoleBinding', apiVersion: 'rbac.authorization.k8s.io/v1' });
      },
    ],
    [
      'a kind under another version',
      (note) => {
        service(note).apiVersion = 'v2' as 'v1';
      },
    ],
    [
      'a name that leads elsewhere',
      (note) => {
        service(note).metadata.name = '../../kube-system/services/api';
      },
    ],
    [
      'the workload of another service',
      (note) => {
        note.before!.manifests.find(({ kind }) => kind === 'Deployment')!.metadata.name = 'database';
      },
    ],
    [
      'a workload that says nothing of itself',
      (note) => {
        note.before!.manifests.find(({ kind }) => kind === 'Deployment')!.metadata.annotations = {};
      },
    ],
    [
      'that its requests go to another service',
      (note) => {
        note.servedBy = 'shop-test/bank';
      },
    ],
    [
      'a pod with the secrets of others',
      (note) => {
        podOf(note).volumes = [{ name: 'keys', secret: { secretName: 'bank-keys', items: [] } }];
      },
    ],
    [
      'a variable from a secret of others',
      (note) => {
        podOf(note).containers[0]!.env = [
          { name: 'KEY', valueFrom: { secretKeyRef: { name: 'bank-keys', key: 'key' } } },
        ];
      },
    ],
    [
      'a pod with the configs of others',
      (note) => {
        podOf(note).volumes = [{ name: 'page', configMap: { name: 'bank-page', items: [] } }];
      },
    ],
    [
      'a pod with a folder of the node',
      (note) => {
        podOf(note).volumes = [{ name: 'root', hostPath: { path: '/' } }];
      },
    ],
    [
      'a pod with a container of its own',
      (note) => {
        podOf(note).initContainers = [{ name: 'first', image: 'evil:1' }];
      },
    ],
    [
      'a privileged pod',
      (note) => {
        podOf(note).containers[0]!.securityContext = { privileged: true };
      },
    ],
    [
      'to delete in another namespace',
      (note) => {
        note.stale = ['/api/v1/namespaces/bank-live/secrets/keys'];
      },
    ],
    [
      'to delete a namespace',
      (note) => {
        note.stale = ['/api/v1/namespaces/shop-test'];
      },
    ],
    [
      'to delete a claim',
      (note) => {
        note.stale = ['/api/v1/namespaces/shop-test/persistentvolumeclaims/data'];
      },
    ],
  ])('is not obeyed where it says %s', async (_, alter) => {
    const { store, workloads, note } = await deployed();
    alter(note);
    store.forge('api', JSON.stringify(note));
    const before = new Map(store.objects);
    for (const act of [
      () => workloads.restore(main, 2),
      () => workloads.remove(main),
      () => workloads.select(main.name, '*'),
      () => workloads.revive(main),
      () => workloads.apply(main, true),
    ]) {
      await expect(act()).rejects.toMatchObject({
        kind: 'software',
        message: expect.stringContaining('the record of what was applied for shop-test/api'),
      });
    }
    expect(store.objects).toEqual(before);
  });

  it.each([
    ['zeroes without end', `"${'0'.repeat(9 * 1024 * 1024)}"`],
    ['no JSON', '{'],
    ['no entry', '{"current":{}}'],
  ])('is not read where it holds %s', async (_, text) => {
    const { store, workloads } = await deployed();
    store.forge('api', text);
    await expect(workloads.restore(main, 2)).rejects.toMatchObject({
      kind: 'software',
      message: expect.stringContaining('cannot be read; see the Secret deploy-code.api in the namespace shop-test'),
    });
  });

  it('neither deletes nor takes over what has the labels of others', async () => {
    const { store, workloads, note } = await deployed();
    const path = '/api/v1/namespaces/shop-test/secrets/keys';
    store.objects.set(path, { metadata: { name: 'keys', labels: bankLabels } } as never);
    store.forge('api', JSON.stringify({ ...note, stale: [path] }));
    await expect(workloads.remove(main)).rejects.toThrow(`${path} is not of shop/test; nothing was changed`);
    service(note).metadata.name = 'ledger';
    store.objects.set('/api/v1/namespaces/shop-test/services/ledger', {
      metadata: { name: 'ledger', labels: bankLabels },
    } as never);
    store.forge('api', JSON.stringify(note));
    const before = new Map(store.objects);
    await expect(workloads.restore(main, 2)).rejects.toThrow(
      'services/ledger is not of shop/test; nothing was changed',
    );
    expect(store.objects).toEqual(before);
  });

  it('does not bring back pods that would mount a claim of others, or one that is not there', async () => {
    const { store, workloads, note } = await deployed();
    podOf(note).volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
    store.forge('api', JSON.stringify(note));
    await expect(workloads.restore(main, 2)).rejects.toMatchObject({
      kind: 'missing',
      message: 'shop/test has no volume shop-test/data',
    });
    const claim = '/api/v1/namespaces/shop-test/persistentvolumeclaims/data';
    store.objects.set(claim, { metadata: { name: 'data', labels: bankLabels } } as never);
    const before = new Map(store.objects);
    await expect(workloads.restore(main, 2)).rejects.toThrow(
      'the volume shop-test/data belongs to stack bank/test, not to shop/test',
    );
    expect(store.objects).toEqual(before);
  });
});
