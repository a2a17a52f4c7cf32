import { loadStack } from '../../src/config';
import type { DeploymentHandle, Stack } from '../../src/client';
import { freePort } from '../../src/guard/free-port';
import { wipe } from '../support/docker-world';
import { cli } from '../support/cli';
import { address, startEngine, type TestEngine } from '../support/engine';
import { Load } from '../support/load';
import { describeWith } from '../support/parts';
import { uniqueName } from '../support/stack';
import { reached, step } from '../support/events';
import { isFull } from '../support/exhaustive';

const file = 'configs/rollouts/blue-green.yaml';

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
    const version = (VERSION: string, more: Record<string, string> = {}): Stack => ({
      ...loadStack({ file: `configs/rollouts/${file}.yaml`, variables: { PORT: port, VERSION, ...more }, shell: {} })
        .stack,
      name,
    });
    return { url: `http://127.0.0.1:${port}/`, version };
  };
  /** Nobody waits for the bakes of an example. */
  const impatient = async (handle: DeploymentHandle) => {
    for await (const { events } of handle.watch()) {
      if (events.some(({ code, step }) => code === 'step.started' && /^(bake|keep) /.test(step.title)))
        await handle.steer({ action: 'promote', by: 'the test' }).catch(() => undefined);
    }
    return handle.result();
  };

  it.each(['rolling', ...(isFull ? ['blue-green', 'canary'] : [])])(
    '%s.yaml replaces its service, and loses no request',
    async (file) => {
      const { url, version } = await example(file);
      expect(await (await engine.client.deploy(version('1'))).result()).toMatchObject({ outcome: 'succeeded' });
      const load = new Load({ url, connections: 5 });
      expect(await impatient(await engine.client.deploy(version('2')))).toMatchObject({
        outcome: 'succeeded',
        leftBehind: [],
      });
      await load.answered(50);
      const { failed, versions } = await load.stop();
      expect(failed).toEqual({});
      expect(Object.keys(versions)).toEqual(['1', '2']);
    },
  );

  it('blue-green.yaml is steered from the command line', async () => {
    const environment = uniqueName('steered');
    const port = String(await freePort());
    const version = (VERSION: string) =>
      loadStack({ file, environment, variables: { PORT: port, VERSION }, shell: {} }).stack;
    const steer = (...words: string[]) =>
      cli([...words, '-c', file, '-e', environment, '--address', address(), '--namespace', 'examples']);
    try {
      expect(await (await engine.client.deploy(version('1'))).result()).toMatchObject({ outcome: 'succeeded' });
      const handle = await engine.client.deploy(version('2'));
      await reached(handle, step('step.started', 'keep the old '));
      expect(await steer('approve', '2')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('nothing waits for an approval') as string,
      });
      expect(await steer('promote', '2', '--reason', 'seen enough')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('deployment 2 is promoted') as string,
      });
      expect(await handle.result()).toMatchObject({
        outcome: 'succeeded',
        steering: [{ action: 'promote', reason: 'seen enough' }],
      });
      expect(await steer('pause', '2')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('the deployment has ended') as string,
      });
    } finally {
      await (await engine.client.stop(version('2'))).result();
    }
  });

  it('canary.yaml catches a version with errors', async () => {
    const { url, version } = await example('canary');
    expect(await (await engine.client.deploy(version('1'))).result()).toMatchObject({ outcome: 'succeeded' });
    const load = new Load({ url, connections: 5, pauseMs: 10 });
    expect(await (await engine.client.deploy(version('2', { ERROR_RATE: '0.2' }))).result()).toMatchObject({
      outcome: 'rolled_back',
      cause: { message: expect.stringContaining('errors is 0.') as string },
    });
    await load.stop();
  });
});
