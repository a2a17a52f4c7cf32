import { loadStack } from '../../src/config';
import { docker, states, wipe } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { buildOnApp } from '../support/image';
import { describeWith } from '../support/parts';
import { uniqueName, writeStack } from '../support/stack';

/** A database, as far as volumes go: its image declares one, and its file has the app write there. */
const image = 'deploy-code-test/database:1';

describeWith('docker', 'a volume that only the image declares', () => {
  const name = uniqueName('image-volume');
  let engine: TestEngine;
  let unnamed: string | undefined;

  const load = (version: string, more = '') => {
    const environment = `{VERSION: "${version}", DATA: /data${version === 'broken' ? ', CRASH: "3"' : ''}}`;
    const service = `{image: "${image}", stop_grace_period: 1s, environment: ${environment}, ${more}}`;
    const text = `name: ${name}\nservices: {db: ${service}}\n`;
    return loadStack({ file: writeStack(text, 'compose.yaml'), environment: 'test', shell: {} }).stack;
  };
  const deploy = async (version: string, more?: string) => (await engine.client.deploy(load(version, more))).result();
  const running = async () => {
    const filters = { label: [`deploy-code.stack=${name}`], status: ['running'] };
    const [found] = await docker.listContainers({ filters });
    return found!;
  };
  const log = async () => {
    const { output } = await engine.client.exec(load('1'), (await running()).Names[0]!.slice(1), ['cat', '/data/log']);
    return output.trim().split('\n');
  };
  const volumeNow = async () => (await running()).Mounts.find(({ Destination }) => Destination === '/data')!.Name!;

  beforeAll(async () => {
    await buildOnApp(image, 'VOLUME /data');
    engine = await startEngine('image-volumes', { policy: { mounts: { volumes: [] } } });
  });
  afterAll(async () => {
    await wipe(name);
    if (unnamed !== undefined) await docker.getVolume(unnamed).remove();
    await engine.close();
  });

  it('goes on under the name that Docker gave it, which no policy takes for a volume of somebody else', async () => {
    expect(await deploy('1', 'x-deploy-code: {image_volumes: new}')).toMatchObject({ outcome: 'succeeded' });
    unnamed = await volumeNow();
    expect(unnamed).toMatch(/^[0-9a-f]{64}$/);
    expect(await deploy('2')).toMatchObject({ outcome: 'succeeded', changed: ['db'] });
    expect(await volumeNow()).toBe(unnamed);
    expect(await log()).toEqual(['1', '2']);
  });

  it('is given back, with what was written, when a replacement fails', async () => {
    const before = await running();
    const { outcome, cause } = await deploy('broken');
    expect([outcome, cause?.message]).toEqual(['rolled_back', expect.stringContaining('exit')]);
    expect((await running()).Id).toBe(before.Id);
    expect(await log()).toEqual(['1', '2', 'broken', '2']);
  });

  it('that the engine made has a name of its own, and outlives a stop and a replacement', async () => {
    expect(await (await engine.client.stop(load('2'))).result()).toMatchObject({ outcome: 'succeeded' });
    expect(await states(name)).toEqual([]);
    expect(await deploy('3')).toMatchObject({ outcome: 'succeeded' });
    expect(await volumeNow()).toBe(`${name}-test_db-data`);
    expect(await deploy('4')).toMatchObject({ outcome: 'succeeded', changed: ['db'] });
    expect(await (await engine.client.stop(load('4'))).result()).toMatchObject({ outcome: 'succeeded' });
    expect(await deploy('5')).toMatchObject({ outcome: 'succeeded' });
    expect(await log()).toEqual(['3', '4', '5']);
    expect(await deploy('5')).toMatchObject({ outcome: 'unchanged' });
    const { Labels } = await docker.getVolume(`${name}-test_db-data`).inspect();
    expect(Labels).toMatchObject({ 'deploy-code.stack': name, 'deploy-code.environment': 'test' });
    expect(Object.keys(Labels).some((key) => key.startsWith('com.docker.compose'))).toBe(false);
  });
});
