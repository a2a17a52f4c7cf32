import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { loadStack } from '../../src/config';
import { startEngine, type TestEngine } from '../support/engine';
import { docker, wipe } from '../support/docker-world';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { uniqueName } from '../support/stack';

describeWith('docker', 'a project that Compose has run', () => {
  const name = uniqueName('moved');
  const folder = join(mkdtempSync(join(tmpdir(), 'deploy-code-moved-')), name);
  const labels = { 'com.docker.compose.project': name, 'com.docker.compose.volume': 'data' };
  const volume = docker.getVolume(`${name}_data`);
  let engine: TestEngine;

  beforeAll(async () => {
    mkdirSync(folder);
    engine = await startEngine('compose-moving');
    await docker.createVolume({ Name: volume.name, Labels: labels });
    await writeInto('echo by-compose > /data/file');
  });
  afterAll(async () => {
    await wipe(name);
    await volume.remove();
    await engine.close();
  });

  /** What Compose's own container would do. */
  const writeInto = async (command: string) => {
    const HostConfig = { Binds: [`${volume.name}:/data`], AutoRemove: true };
    await docker.run(images.app, ['sh', '-c', command], new Writable({ write: (_, __, done) => done() }), {
      HostConfig,
    });
  };
  const stackWith = (more: string) => {
    const db = `{image: "${images.app}", volumes: ["data:/data"], stop_grace_period: 1s}`;
    const text = `services: {db: ${db}}\nvolumes: {data: }\n`;
    writeFileSync(join(folder, 'compose.yaml'), text + more);
    return loadStack({ file: join(folder, 'compose.yaml'), shell: {} }).stack;
  };

  it('keeps its volume to itself until the file says otherwise, and its data then and after a stop', async () => {
    const refused = await (await engine.client.deploy(stackWith(''))).result();
    expect(refused).toMatchObject({ outcome: 'refused' });
    const advice = 'x-deploy-code: {volumes: {data: {external: true}}}';
    expect(JSON.stringify(refused)).toContain(advice);

    const stack = stackWith(`${advice}\n`);
    const { outcome, deployment } = await (await engine.client.deploy(stack)).result();
    expect(outcome).toBe('succeeded');
    const { output } = await engine.client.exec(stack, `${name}-production-db-1-d${deployment}`, ['cat', '/data/file']);
    expect(output).toBe('by-compose\n');
    expect(await (await engine.client.stop(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    expect((await volume.inspect()).Labels).toEqual(labels);
    await writeInto('test "$(cat /data/file)" = by-compose && rm /data/file');
    const own = ((await docker.listVolumes()).Volumes ?? []).filter((each) => each.Name.startsWith(name));
    expect(own.map((each) => each.Name)).toEqual([volume.name]);
  });
});
