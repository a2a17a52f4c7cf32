import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeployCodeClient, type DeploymentHandle } from '../../src/client';
import { isOver } from '../../src/client/deployment-handle';
import type { Progress } from '../../src/workflows/messages';
import { states } from '../support/docker-world';
import { address } from '../support/engine';
import { images } from '../support/image';
import { Load } from '../support/load';
import { describeWith } from '../support/parts';
import { RolloutWorlds } from '../support/rollout';
import { WorkerProcess } from '../support/worker-process';

const strategies = {
  rolling: { rolling: { max_surge: 1 } },
  blue_green: { blue_green: { smoke_test: { command: ['true'] }, keep_old: '1s' } },
  canary: { canary: { steps: [{ weight: 20, bake: '1s' }] } },
};

describeWith('docker', 'a rollout whose worker is killed at each of its steps', () => {
  const worker = new WorkerProcess('rollout-kills', mkdtempSync(join(tmpdir(), 'deploy-code-kills-')));
  let client: DeployCodeClient;
  const worlds = new RolloutWorlds();
  beforeAll(async () => {
    await worker.start();
    client = await DeployCodeClient.connect({ address: address(), namespace: 'rollout-kills' });
  });
  afterAll(async () => {
    await client.close();
    await worker.stop();
    await worlds.wipe();
  });

  /** Kills the worker whenever a step has begun that it was not yet killed at; resolves with those steps. */
  const killAtEachStep = async (handle: DeploymentHandle): Promise<string[]> => {
    const killed = new Set<string>();
    for (;;) {
      const progress = await handle.progress().catch(() => undefined);
      const fresh = progress && stepsUnderWay(progress).find((step) => !killed.has(step));
      if (progress && isOver(progress)) return [...killed];
      if (fresh) {
        killed.add(fresh);
        await worker.kill();
        await worker.start();
      } else await sleep(20);
    }
  };

  it.each(Object.entries(strategies))(
    'goes on, and loses no request: %s',
    async (_, strategy) => {
      const front = await worlds.next();
      const settings = { deployment: { timeout_seconds: 3600 } };
      expect(await (await client.deploy(front.stack('1', { strategy }, settings))).result()).toMatchObject({
        outcome: 'succeeded',
      });
      const load = new Load({ url: front.url, connections: 5, pauseMs: 5 });
      const forward = await client.deploy(front.stack('2', { strategy }, settings));
      expect((await killAtEachStep(forward)).length).toBeGreaterThan(3);
      expect(await forward.result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
      const back = await client.deploy(
        front.stack(
          '3',
          { strategy },
          { ...settings, services: { late: { image: images.broken, depends_on: { web: 'healthy' } } } },
        ),
      );
      await killAtEachStep(back);
      expect(await back.result()).toMatchObject({ outcome: 'rolled_back', leftBehind: [] });
      expect((await load.stop()).failed).toEqual({});
      expect(await states(front.name)).toEqual([
        'load-balancer-1-d1 running',
        'web-1-d2 running',
        'web-2-d2 running',
        'web-3-d2 running',
      ]);
    },
    1_200_000,
  );
});

function stepsUnderWay({ events }: Progress): string[] {
  const latest = new Map<string, string>();
  for (const { code, step } of events) if (step) latest.set(step.id, code);
  return [...latest].filter(([, code]) => code === 'step.started').map(([id]) => id);
}
