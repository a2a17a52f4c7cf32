import { loadStack } from '../../src/config';
import type { DeploymentHandle, Stack } from '../../src/client';
import { freePort } from '../../src/worker/free-port';
import { wipe } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { Load } from '../support/load';
import { describeWith } from '../support/parts';
import { uniqueName } from '../support/stack';

describeWith('docker', 'the examples of rollouts', () => {
  let engine: TestEngine;
  const names: string[] = [];
  beforeAll(async () => void (engine = await startEngine('examples')));
  afterAll(async () => {
    for (const name of names) await wipe(name);
    await engine.close();
  });

  const example = async (file: string) => {
    const name = uniqueName('example');
    names.push(name);
    const port = String(await freePort());
    const version = (VERSION: string, more: Record<string, string> = {}): Stack => ({ ...loadStack({ file: `configs/rollouts/${file}.yaml`, variables: { PORT: port, VERSION, ...more }, shell: {} }).stack, name });
    return { url: `http://127.0.0.1:${port}/`, version };
  };
  /** Nobody waits for the bakes of an example. */
  const impatient = async (handle: DeploymentHandle) => {
    for await (const { events } of handle.watch()) {
      if (events.some(({ step, state }) => state === 'begun' && /^(bake|keep) /.test(step ?? ''))) await handle.steer({ action: 'promote', by: 'the test' }).catch(() => undefined);
    }
    return handle.result();
  };

  it.each(['rolling', 'blue-green', 'canary'])('%s.yaml replaces its service, and loses no request', async (file) => {
    const { url, version } = await example(file);
    expect(await (await engine.client.deploy(version('1'))).result()).toMatchObject({ outcome: 'succeeded' });
    const load = new Load({ url, connections: 5 });
    expect(await impatient(await engine.client.deploy(version('2')))).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    await load.answered(50);
    const { failed, versions } = await load.stop();
    expect(failed).toEqual({});
    expect(Object.keys(versions)).toEqual(['1', '2']);
  });

  it('canary.yaml catches a version with errors', async () => {
    const { url, version } = await example('canary');
    expect(await (await engine.client.deploy(version('1'))).result()).toMatchObject({ outcome: 'succeeded' });
    const load = new Load({ url, connections: 5, pauseMs: 10 });
    expect(await (await engine.client.deploy(version('2', { ERROR_RATE: '0.2' }))).result()).toMatchObject({ outcome: 'rolled_back', cause: { message: expect.stringContaining('errors is 0.') as string } });
    await load.stop();
  });
});
