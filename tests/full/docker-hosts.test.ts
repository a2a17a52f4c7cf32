import Docker from 'dockerode';
import { readHosts } from '../../src/config/hosts';
import type { Stack } from '../../src/config';
import { startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { images } from '../support/image';
import { ownEngineMissing } from '../support/own-engine';
import { describeUnless } from '../support/parts';
import { stackOf, uniqueName } from '../support/stack';
import { TwoHosts } from '../support/two-hosts';

describeUnless(ownEngineMissing(), 'a stack on two Docker Engines, by TLS and by ssh', () => {
  const machines = new TwoHosts();
  let engine: TestEngine;
  let hosts: Record<string, unknown>;
  const name = uniqueName('hosts');
  beforeAll(async () => {
    const file = await machines.create(Object.values(images));
    const served = readHosts(file);
    hosts = { alpha: { zone: 'data', address: '10.214.9.1' }, beta: { zone: 'edge', address: '10.214.9.2' } };
    engine = await startEngine('docker-hosts', { hosts: served });
  }, 120_000);
  afterAll(async () => {
    await engine.close();
    await machines.destroy();
  });

  const check = { interval: '500ms', start_period: '20s' };
  const stack = (web: string = images.app): Stack =>
    stackOf({
      name,
      environment: 'test',
      infrastructure: { hosts },
      volumes: { data: {} },
      watch: { interval: '500ms' },
      services: {
        db: {
          image: images.app,
          zone: 'data',
          ports: ['5432:8080'],
          volumes: ['data:/data'],
          health_check: { http: ':8080/healthz', ...check },
        },
        web: {
          image: web,
          zone: 'edge',
          replicas: 2,
          depends_on: { db: 'healthy' },
          health_check: {
            command: ['sh', '-c', 'wget -q -O- http://127.0.0.1:8080/healthz && wget -q -O- http://db:5432/healthz'],
            ...check,
          },
        },
      },
    });
  const running = async (docker: Docker) =>
    (await docker.listContainers()).map(({ Names }) => Names[0]!.replace(`/${name}-test-`, '')).sort();
  const deploy = async (web?: string) => (await engine.client.deploy(stack(web))).result();

  it('is deployed to both; who is on one reaches who is on the other by name', async () => {
    expect(await deploy()).toMatchObject({ outcome: 'succeeded' });
    expect([await running(machines.alpha.docker), await running(machines.beta.docker)]).toEqual([
      ['db-1-d1'],
      ['web-1-d1', 'web-2-d1'],
    ]);
    expect(await deploy()).toMatchObject({ outcome: 'unchanged' });
    const { found: lines } = await engine.client.status(stack());
    expect(lines.map(({ service, health, host }) => [service, health, host])).toEqual([
      ['db', 'healthy', 'alpha'],
      ['web', 'healthy', 'beta'],
      ['web', 'healthy', 'beta'],
    ]);
    expect((await engine.client.logs(stack(), ['web'], 5)).found.every(({ lines: logged }) => logged.length > 0)).toBe(
      true,
    );
    expect(await engine.client.exec(stack(), `${name}-test-web-1-d1`, ['echo', 'here'])).toEqual({
      exitCode: 0,
      output: 'here\n',
    });
  });

  it('is put back on both', async () => {
    const ids = async () => (await machines.beta.docker.listContainers()).map(({ Id }) => Id).sort();
    const before = await ids();
    expect(await deploy(images.broken)).toMatchObject({
      outcome: 'rolled_back',
      cause: { service: 'web' },
      leftBehind: [],
    });
    expect(await ids()).toEqual(before);
  });

  it('waits for a host that is away', async () => {
    await machines.beta.stop();
    const handle = await engine.client.deploy(stack(images.next));
    await eventually(async () =>
      expect(JSON.stringify(await handle.progress())).toContain('the Docker Engine does not answer'),
    );
    await machines.beta.start();
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    expect(await running(machines.beta.docker)).toEqual(['web-1-d4', 'web-2-d4']);
  });

  it('is watched on both', async () => {
    await machines.beta.docker.getContainer(`${name}-test-web-1-d4`).stop();
    await eventually(async () => expect(await running(machines.beta.docker)).toEqual(['web-1-d4', 'web-2-d4']));
    expect(await (await engine.client.stop(stack())).result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect([await running(machines.alpha.docker), await running(machines.beta.docker)]).toEqual([[], []]);
  });
});
