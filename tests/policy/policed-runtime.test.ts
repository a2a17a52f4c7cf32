import type { ClusterSettings, Workload } from '../../src/model/instance';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { ownFiles, type Policy, policedRuntime, SourceRules } from '../../src/policy';
import { spec } from '../runtimes/contract';

describe('a runtime under a policy', () => {
  const host = new MemoryHost();
  const place = { stack: 'shop', environment: 'test' };
  const under = (policy: Policy) =>
    policedRuntime(
      createMemoryRuntime(host).within(place),
      {
        policy,
        sources: new SourceRules(policy, ownFiles({ dataDir: '/nowhere' })),
        dataDir: '/nowhere',
        ownSockets: [],
        ownVolumes: [],
      },
      place,
    );

  it('makes nothing that the policy refuses, be it that no plan was asked', async () => {
    const runtime = under({ mounts: { folders: [] }, images: { registries: ['ghcr.io/{stack}'] } });
    const instance = spec('api', {
      stack: 'shop',
      image: 'ghcr.io/shop/api:1',
      mounts: [{ type: 'bind', source: '/', target: '/host', readOnly: true }],
    });
    await expect(runtime.create(instance)).rejects.toMatchObject({
      kind: 'software',
      message: "services.api.volumes.0: the worker's policy does not allow mounting / (rule mounts.folders)",
    });
    expect(await runtime.inspect(instance.name)).toBeUndefined();
    await expect(
      runtime.images!.ensure({ reference: 'ghcr.io/bank/api:1', policy: 'missing' }, () => undefined),
    ).rejects.toThrow('rule images.registries');
    await runtime.images!.ensure({ reference: 'ghcr.io/shop/api:1', policy: 'missing' }, () => undefined);
  });

  it('judges the image that an instance is made of, not only the one that it is named after', async () => {
    const runtime = under({ images: { registries: ['ghcr.io/{stack}'] } });
    const instance = spec('web', { ...place, image: 'ghcr.io/shop/web:1', imageId: 'evil.example.com/x:1' });
    await expect(runtime.create(instance)).rejects.toThrow(
      'does not allow evil.example.com/x:1 (rule images.registries)',
    );
    await runtime.create({ ...instance, imageId: `sha256:${'0a'.repeat(32)}` });
  });

  it.each(['host', 'container:victim'])('judges the mode that the network %j leads to', async (name) => {
    const runtime = under({ containers: { host_network: false } });
    const instance = spec('web', { ...place, image: 'web:1', networks: [{ name, aliases: [] }] });
    await expect(runtime.create(instance)).rejects.toThrow('rule containers.host_network');
  });

  it('judges containers outside the stack whose namespaces an instance joins', async () => {
    const runtime = under({ containers: { namespaces_of: ['vpn-*'] } });
    const joining = (networkMode: `container:${string}`) => spec('web', { ...place, image: 'web:1', networkMode });
    await expect(runtime.create(joining('container:db'))).rejects.toThrow(
      'does not allow joining the container db (rule containers.namespaces_of)',
    );
    await runtime.create(joining('container:vpn-1'));
  });

  it('judges volumes that the engine has not made, and leaves its own alone', async () => {
    const mounting = (volume: string) =>
      spec('db', {
        ...place,
        name: `db-${volume}`,
        image: 'db:1',
        mounts: [{ type: 'volume', volume, target: '/data', readOnly: false }],
      });
    host.volumes.set('theirs', { owner: '', mountedAt: [] });
    const runtime = under({ mounts: { folders: [] } });
    await runtime.volumes!.create({ name: 'ours', key: 'ours', mountedAt: [] });
    await runtime.create(mounting('ours'));
    await expect(runtime.create(mounting('theirs'))).rejects.toThrow(
      "services.db.volumes.0: the worker's policy does not allow mounting " +
        'the external volume theirs (rule mounts.volumes)',
    );
    await under({ mounts: { folders: [], volumes: ['their*'] } }).create(mounting('theirs'));
  });

  it('gives instances the floors, and does everything else as ever', async () => {
    const runtime = under({ floors: { cap_drop: ['ALL'], pids_limit: 9 } });
    const instance = spec('api', { ...place, image: 'api:1' });
    await runtime.create(instance);
    await runtime.start(instance.name);
    expect(host.instances.get(instance.name)?.spec).toMatchObject({
      capDrop: ['ALL'],
      pidsLimit: 9,
      hash: instance.hash,
    });
    expect((await runtime.inspect(instance.name))?.state).toBe('running');
    expect(runtime.name).toBe('memory');
  });

  describe('on a cluster', () => {
    const settings: ClusterSettings = {
      pullSecrets: [],
      serviceType: 'ClusterIP',
      isolated: false,
      namespace: 'shop-test',
    };
    const workload: Workload = { rollout: 'recreate', pullPolicy: 'missing', ingress: [], settings };
    const cluster = () => {
      const memory = createMemoryRuntime(host).within(place);
      const create = jest.fn(async () => undefined);
      const made = { ...memory, name: 'kubernetes' as const, volumes: { ...memory.volumes!, create } };
      const sources = new SourceRules({}, ownFiles({ dataDir: '/nowhere' }));
      return {
        made,
        runtime: policedRuntime(
          made,
          { policy: {}, sources, ownVolumes: [], ownSockets: [], dataDir: '/nowhere' },
          place,
        ),
      };
    };

    it('judges the namespace that an instance comes to be in, whatever its settings claim', async () => {
      const instance = spec('api', { ...place, name: 'kube-system/api', workload });
      await expect(cluster().runtime.create(instance)).rejects.toThrow(
        'does not allow the namespace kube-system (rule kubernetes.namespaces)',
      );
    });

    it('makes no volume in a namespace that it does not allow', async () => {
      const { made, runtime } = cluster();
      await expect(runtime.volumes!.create({ name: 'kube-system/data', key: 'data', mountedAt: [] })).rejects.toThrow(
        'rule kubernetes.namespaces',
      );
      expect(made.volumes.create).not.toHaveBeenCalled();
      await runtime.volumes!.create({ name: 'shop-test/data', key: 'data', mountedAt: [] });
      expect(made.volumes.create).toHaveBeenCalledTimes(1);
    });
  });
});
