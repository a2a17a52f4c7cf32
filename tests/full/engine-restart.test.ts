import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SecretStore } from '../../src/activities/secrets';
import type { DeploymentHandle, Stack } from '../../src/client';
import { createDockerRuntime } from '../../src/runtimes/docker';
import { dockerStack, layered } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { images } from '../support/image';
import { OwnEngine, ownEngineMissing } from '../support/own-engine';
import { describeUnless } from '../support/parts';
import { delayed, reached } from '../support/events';

const awayMs = 2000;

describeUnless(ownEngineMissing(), 'a Docker Engine that restarts in mid-deployment', () => {
  const own = new OwnEngine();
  let engine: TestEngine;
  let name: string;
  beforeAll(async () => {
    await own.create(Object.values(images));
    const dataDir = mkdtempSync(join(tmpdir(), 'deploy-code-restart-'));
    engine = await startEngine('restarts', {
      dataDir,
      runtimes: {
        docker: createDockerRuntime(new SecretStore(dataDir), {
          docker: own.docker,
          local: true,
          address: '127.0.0.1',
        }),
      },
    });
  });
  afterAll(async () => {
    await engine.close();
    await own.destroy();
  });

  const check = {
    command: ['wget', '-q', '-O', '/dev/null', 'http://127.0.0.1:8080/healthz'],
    interval: '500ms',
    start_period: '30s',
  };
  const version = (image: (index: number) => string): Stack => {
    const stack = dockerStack(
      layered(9, 3, (index) => ({ image: image(index), health_check: check, restart: 'always' })),
      { deployment: { max_parallel: 3, timeout_seconds: 600 } },
    );
    return { ...stack, name: (name ??= stack.name) };
  };
  const listing = async () =>
    (await own.docker.listContainers({ all: true })).map(({ Id, Names, State }) => `${Names[0]} ${State} ${Id}`).sort();
  const begun = async (handle: DeploymentHandle, phase: number) => {
    await reached(handle, ({ code, step }) => code === 'step.started' && step.phase === phase);
  };
  const restart = async () => {
    await own.stop();
    await sleep(awayMs);
    await own.start();
  };

  it('is waited for, and the deployment comes to the same end: no duplicate, nothing old that came back', async () => {
    expect(await (await engine.client.deploy(version(() => images.app))).result()).toMatchObject({
      outcome: 'succeeded',
    });
    const handle = await engine.client.deploy(version(() => images.next));
    await begun(handle, 2);
    await restart();
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', release: 2, leftBehind: [] });
    expect((await handle.progress()).events.some(delayed('the Docker Engine does not answer'))).toBe(true);
    const running = await listing();
    expect(running).toHaveLength(9);
    expect(running.every((line) => line.includes('-d2 running '))).toBe(true);
  });

  it('is waited for by a rollback too, after which the very same containers run', async () => {
    const before = await listing();
    const handle = await engine.client.deploy(version((index) => (index === 8 ? images.broken : images.app)));
    await begun(handle, 3);
    for await (const { status } of handle.watch()) if (status === 'rolling_back') break;
    await restart();
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', release: 2, leftBehind: [] });
    expect(await listing()).toEqual(before);
  });
});
