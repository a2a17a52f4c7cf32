import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeployCodeClient, type Stack } from '../../src/client';
import { address } from '../support/engine';
import { dockerStack, healthy, layered, listing, states, wipe } from '../support/docker-world';
import { itInFull } from '../support/exhaustive';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { WorkerProcess } from '../support/worker-process';
import { reached, step } from '../support/events';

describeWith('docker', 'a worker killed with -9', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'deploy-code-durability-'));
  const worker = new WorkerProcess('durability', dataDir);
  let client: DeployCodeClient;
  const used = new Set<string>();
  beforeAll(async () => {
    await worker.start();
    client = await DeployCodeClient.connect({ address: address(), namespace: 'durability' });
  });
  afterAll(async () => {
    for (const stack of used) await wipe(stack);
    await client.close();
    await worker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const deploy = (stack: Stack) => {
    used.add(stack.name);
    return client.deploy(stack);
  };
  const restart = async () => {
    await worker.kill();
    await worker.start();
  };

  it('in the middle of a start: the deployment ends as if nothing had happened, with no duplicate', async () => {
    const stack = dockerStack(layered(12, 3));
    const handle = await deploy(stack);
    await reached(handle, step('step.started', 'start s4-1'));
    await restart();
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', release: 1 });
    expect(await states(stack.name)).toEqual(Array.from({ length: 12 }, (_, index) => `s${index}-1-d1 running`).sort());
  });

  itInFull('in the middle of a health check: the check goes on', async () => {
    const stack = dockerStack({
      slow: {
        image: images.app,
        ...healthy,
        environment: { START_DELAY: '4' },
        health_check: { http: ':8080/healthz', interval: '500ms', start_period: '60s' },
      },
    });
    const handle = await deploy(stack);
    await reached(handle, step('step.started', 'start slow-1'));
    await restart();
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    expect(await states(stack.name)).toEqual(['slow-1-d1 running']);
  });

  it('in the middle of a rollback: everything is as it was, and nothing is left over', async () => {
    const stack = dockerStack(layered(8, 2));
    await (await deploy(stack)).result();
    const before = await listing(stack.name);
    const handle = await deploy({
      ...dockerStack(layered(8, 2, (index) => (index < 7 ? { image: images.next } : { image: images.broken }))),
      name: stack.name,
    });
    await reached(
      handle,
      (event) => event.code === 'deployment.status_changed' && event.data.status === 'rolling_back',
    );
    await restart();
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', leftBehind: [] });
    expect(await listing(stack.name)).toEqual(before);
  });

  it('while a job runs: the job is found again by name, and runs once', async () => {
    const stack = dockerStack(
      {
        job: {
          image: images.app,
          kind: 'job',
          volumes: ['marks:/data'],
          command: ['sh', '-c', 'echo ran >> /data/log; sleep 4; cat /data/log; exit 0'],
        },
      },
      { volumes: { marks: {} } },
    );
    const handle = await deploy(stack);
    await reached(handle, step('step.started', 'run job-1'));
    await restart();
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    expect((await client.logs(stack, ['job'], 10)).found).toMatchObject([{ lines: ['ran'] }]);
  });
});
