import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InstanceSpec } from '../../src/model/instance';
import { createKubernetesRuntime } from '../../src/runtimes/kubernetes';
import type { Runtime } from '../../src/runtimes/runtime';
import { spec } from '../runtimes/contract';

const place = { stack: 'shop', environment: 'test' };
const instance = (name: string, more: Partial<InstanceSpec> = {}): InstanceSpec =>
  spec('api', { ...place, name, ...more });
const mounting = (volume: string): InstanceSpec =>
  instance('shop-test/api', { mounts: [{ type: 'volume', volume, target: '/data', readOnly: false }] });
const onNetwork = (name: string): InstanceSpec => instance('shop-test/api', { networks: [{ name, aliases: [] }] });
const url = new URL('http://api:80/');

const acts: [string, (runtime: Runtime, name: string) => Promise<unknown>][] = [
  ['create', (runtime, name) => runtime.create(instance(name))],
  ['create with a volume', (runtime, name) => runtime.create(mounting(name))],
  ['create on a network', (runtime, name) => runtime.create(onNetwork(name))],
  ['bring', (runtime, name) => runtime.workloads!.apply(instance(name), false)],
  ['bring with a volume', (runtime, name) => runtime.workloads!.apply(mounting(name), true)],
  ['restore', (runtime, name) => runtime.workloads!.restore(instance(name), 1)],
  ['select', (runtime, name) => runtime.workloads!.select(name, undefined)],
  ['ask', (runtime, name) => runtime.workloads!.ask(name, url, 1000)],
  ['create a volume', (runtime, name) => runtime.volumes!.create({ name, key: 'data', mountedAt: [] })],
  ['remove a volume', (runtime, name) => runtime.volumes!.remove(name)],
  ['execute', (runtime, name) => runtime.exec(name, ['true'], 1000)],
  ['read logs', (runtime, name) => runtime.logs(name, { tail: 1 })],
];

describe('a cluster as an environment sees it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-namespaces-'));
  const kubeconfig = join(folder, 'kubeconfig');
  // Nothing listens there: what is asked of this cluster ends with an error of kind `platform`.
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'away', cluster: { server: 'http://127.0.0.1:1' } }],
      users: [{ name: 'nobody', user: {} }],
      contexts: [{ name: 'away', context: { cluster: 'away', user: 'nobody' } }],
      'current-context': 'away',
    }),
  );
  const driver = createKubernetesRuntime(
    { variables: async () => ({}), files: async () => [], texts: async () => ({}) },
    { kubeconfig },
  );
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(acts)('does not %s in another namespace', async (_, act) => {
    await expect(act(driver.within(place), 'bank-live/api')).rejects.toMatchObject({
      kind: 'software',
      message: 'bank-live/api is in the namespace bank-live, but the namespace of shop/test is shop-test',
    });
    await expect(act(driver.within({ ...place, namespace: 'shared' }), 'bank-live/api')).rejects.toMatchObject({
      kind: 'software',
      message: expect.stringContaining('but the namespace of shop/test is shared'),
    });
  });

  it.each(acts)('can %s in its own', async (_, act) => {
    await expect(act(driver.within(place), 'shop-test/api')).rejects.toMatchObject({ kind: 'platform' });
  });

  it('can remove what runs where its stack file said before', async () => {
    await expect(driver.within(place).remove(instance('before/api'))).rejects.toMatchObject({ kind: 'platform' });
  });
});
