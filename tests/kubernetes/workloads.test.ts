import { gunzipSync } from 'node:zlib';
import type { Manifest } from '../../src/kubernetes';
import { ApiError } from '../../src/runtimes/kubernetes/errors';
import type { KubernetesApi } from '../../src/runtimes/kubernetes/api';
import type { Entry } from '../../src/runtimes/kubernetes/ledger';
import { Workloads } from '../../src/runtimes/kubernetes/workloads';
import type { InstanceSpec } from '../../src/model/instance';
import { allSteps, emptyObservation, plan } from '../support/observation';
import { stackOf } from '../support/stack';

/** A server that keeps what is applied, and can refuse a kind of object. */
class Store {
  readonly objects = new Map<string, Manifest & { metadata: { resourceVersion?: string } }>();
  refused?: string;
  private version = 0;

  readonly api = {
    get: async () => ({ items: [] }),
    list: async () => [],
    find: async (path: string) => this.objects.get(path),
    apply: async (path: string, body: Manifest) => {
      if (body.kind === this.refused) throw new ApiError('platform', 'away', 503, undefined);
      this.objects.set(path, { ...body, metadata: { ...body.metadata, resourceVersion: String((this.version += 1)) } });
    },
    delete: async (path: string) => void this.objects.delete(path),
  } as unknown as KubernetesApi;

  note(service: string): Entry {
    const secret = this.objects.get(`/api/v1/namespaces/shop-test/secrets/deploy-code.${service}`) as unknown as { data: { manifests: string } };
    return JSON.parse(gunzipSync(Buffer.from(secret.data.manifests, 'base64')).toString()) as Entry;
  }

  selector(service: string): unknown {
    return (this.objects.get(`/api/v1/namespaces/shop-test/services/${service}`) as { spec: { selector?: unknown } } | undefined)?.spec.selector;
  }
}

const stack = stackOf({ name: 'shop', environment: 'test', infrastructure: { orchestrator: 'Kubernetes' }, services: { api: { image: 'api:1', ports: ['80:8080'] } } });
const [start] = allSteps(plan(stack, emptyObservation(stack)).plan);
const main = (start as { instance: InstanceSpec }).instance;
const beside = (which: 'canary' | 'next'): InstanceSpec => ({ ...main, name: `${main.name}-${which}`, workload: { ...main.workload!, beside: which } });

describe('what runs beside a service', () => {
  const begun = async () => {
    const store = new Store();
    const workloads = new Workloads(store.api, { variables: async () => ({}), files: async () => [] }, { stack: 'shop', environment: 'test' });
    await workloads.bring(main, false);
    await workloads.bring(beside('next'), false);
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
