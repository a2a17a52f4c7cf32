import { mkdtempSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeployCodeClient } from '../../src/client';
import type { Stack } from '../../src/config';
import { readHosts } from '../../src/config/hosts';
import { clusterEndpoint } from '../support/cluster';
import { probed, ready, specs, wipe as wipeCluster } from '../support/cluster-world';
import { listing, states, wipe as wipeDocker } from '../support/docker-world';
import { eventually } from '../support/eventually';
import { address as workflows, startEngine, type TestEngine } from '../support/engine';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { stackOf, uniqueName } from '../support/stack';
import { WorkerProcess } from '../support/worker-process';

type Data = Record<string, unknown>;

const port = 30_700 + (process.pid % 1000);
const address = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)!.address;

describeWith('kubernetes', 'one deployment over Docker and a cluster', () => {
  const name = uniqueName('both');
  const hosts = { here: { address }, cloud: { kubernetes: { kubeconfig: clusterEndpoint().kubeconfig }, address } };
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-both-'));
  const file = join(folder, 'hosts.yaml');
  let engine: TestEngine;
  beforeAll(async () => {
    writeFileSync(file, JSON.stringify({ infrastructure: { hosts } }));
    engine = await startEngine('docker-and-cluster', { hosts: readHosts(file) });
  });
  afterAll(async () => {
    await wipeCluster(name);
    await wipeDocker(name);
    await engine.close();
  });

  const checked = (at: number) => ({ ...probed, health_check: { ...probed.health_check, http: `:${at}/healthz` } });
  const store = () => ({
    image: images.app,
    environment: { PORT: String(port) },
    ports: [`${port}:${port}`],
    ...checked(port),
  });
  /**
   * A store on Docker, an api of it on the cluster, a page of that on Docker again: each finds the one before by its
   * name.
   */
  const shop = (api: Data = {}, page: Data = {}): Stack =>
    stackOf({
      name,
      environment: 'test',
      infrastructure: { hosts, kubernetes: { service_type: 'NodePort' } },
      deployment: { phases: { 2: { host: 'cloud' } } },
      services: {
        store: store(),
        api: {
          image: images.app,
          phase: 2,
          depends_on: { store: 'healthy' },
          environment: { PORT: String(port + 1), DEPENDS: `http://store:${port}/healthz` },
          ports: [`${port + 1}:${port + 1}`],
          ...checked(port + 1),
          ...api,
        },
        page: {
          image: images.app,
          ...probed,
          depends_on: { api: 'healthy' },
          environment: { DEPENDS: `http://api:${port + 1}/healthz` },
          ...page,
        },
      },
    });
  const deploy = async (stack: Stack) => (await engine.client.deploy(stack)).result();
  const succeeded = async (stack: Stack) => {
    const result = await deploy(stack);
    expect(result.cause).toBeUndefined();
    return result;
  };
  const world = async () => ({ docker: await listing(name), cluster: await specs({ name }) });

  it('goes phase by phase from one to the other and back', async () => {
    expect(await succeeded(shop())).toMatchObject({ outcome: 'succeeded', changed: ['store', 'api', 'page'] });
    expect(await states(name)).toEqual(['page-1-d1 running', 'store-1-d1 running']);
    expect(await ready({ name })).toEqual(['api 1/1']);
    expect(
      (await engine.client.status(shop())).found
        .map(({ service, host, health }) => `${service} ${host} ${health}`)
        .sort(),
    ).toEqual(['api cloud healthy', 'page here healthy', 'store here healthy']);
    expect(
      (await engine.client.hosts(shop())).map(({ name: host, runtime, workers }) => ({ host, runtime, workers })),
    ).toEqual([
      { host: 'here', runtime: 'docker', workers: 1 },
      { host: 'cloud', runtime: 'kubernetes', workers: 1 },
    ]);
    expect(await deploy(shop())).toMatchObject({ outcome: 'unchanged' });
  });

  it('undoes what it did on both when the last phase fails', async () => {
    const before = await world();
    const result = await deploy(shop({ image: images.next }, { image: images.broken }));
    expect(result).toMatchObject({
      outcome: 'rolled_back',
      leftBehind: [],
      cause: { service: 'page', message: expect.stringContaining('page-1 exited 1') },
    });
    expect(await world()).toEqual(before);
  });

  it('moves a service over the border when its host changes, and back with a rollback', async () => {
    expect(await succeeded(shop({ host: 'here' }))).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect(await states(name)).toEqual(expect.arrayContaining([expect.stringMatching(/^api-1-d\d+ running$/)]));
    expect(Object.keys(await specs({ name }))).toEqual([]);
    expect(
      await (await engine.client.rollback({ stack: name, environment: 'test' }, { to: 1 })).result(),
    ).toMatchObject({ outcome: 'succeeded', release: 1, leftBehind: [] });
    expect(await ready({ name })).toEqual(['api 1/1']);
    expect((await states(name)).map((line) => line.split('-')[0])).toEqual(['page', 'store']);
  });

  it('clears the cluster when the file names it no more, and stops everywhere', async () => {
    const alone = stackOf({
      name,
      environment: 'test',
      infrastructure: { hosts: { here: hosts.here } },
      services: { store: store() },
    });
    expect(await deploy(alone)).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect(await ready({ name })).toEqual([]);
    expect(await specs({ name })).toEqual({});
    expect(await (await engine.client.stop(alone)).result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect(await states(name)).toEqual([]);
  });

  it('clears a namespace too that the file named, and names no more', async () => {
    const own = `${name}-own`;
    const services = { store: store(), api: { image: images.app, host: 'cloud', ...probed } };
    expect(
      await deploy(
        stackOf({
          name,
          environment: 'test',
          infrastructure: { hosts, kubernetes: { namespace: `${own}-test` } },
          services,
        }),
      ),
    ).toMatchObject({ outcome: 'succeeded' });
    expect(await ready({ name: own })).toEqual(['api 1/1']);
    const alone = stackOf({
      name,
      environment: 'test',
      infrastructure: { hosts: { here: hosts.here } },
      services: { store: store() },
    });
    expect(await deploy(alone)).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect(await specs({ name: own })).toEqual({});
    expect(await (await engine.client.stop(alone)).result()).toMatchObject({ outcome: 'succeeded' });
    await wipeCluster(own);
  });

  it('is refused where two hosts are one cluster', async () => {
    const twice = stackOf({
      name,
      environment: 'test',
      infrastructure: { hosts: { cloud: hosts.cloud, again: hosts.cloud } },
      services: { store: store() },
    });
    const second = await startEngine('docker-and-cluster', {
      hosts: [{ name: 'again', cluster: clusterEndpoint() }],
      hostsOnly: true,
    });
    const { refusals } = await engine.client.plan(twice);
    expect(refusals).toEqual([
      {
        path: 'infrastructure.hosts.again',
        message: expect.stringContaining('is the same Docker Engine or cluster as cloud'),
      },
    ]);
    await second.close();
  });

  it('goes on where it was when its worker dies in the middle of the phase on the cluster', async () => {
    const worker = new WorkerProcess('docker-and-cluster-kills', folder, { DEPLOY_CODE_HOSTS: file });
    const client = await DeployCodeClient.connect({ address: workflows(), namespace: 'docker-and-cluster-kills' });
    try {
      await worker.start();
      const handle = await client.deploy(shop({ environment: { PORT: String(port + 1), START_DELAY: '3' } }));
      await eventually(async () => expect(Object.keys(await specs({ name }))).toContain('Deployment api'));
      await worker.kill();
      expect(await states(name)).toEqual(['store-1-d1 running']);
      await worker.start();
      expect(await handle.result()).toMatchObject({
        outcome: 'succeeded',
        changed: ['store', 'api', 'page'],
        leftBehind: [],
      });
      expect(await ready({ name })).toEqual(['api 1/1']);
      expect(await states(name)).toEqual(['page-1-d1 running', 'store-1-d1 running']);
      expect(await (await client.stop(shop())).result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    } finally {
      await client.close();
      await worker.stop();
    }
  });
});
