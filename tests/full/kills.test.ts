import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeployCodeClient, type Stack } from '../../src/client';
import { address } from '../support/engine';
import { dockerStack, layered, listing, states, wipe } from '../support/docker-world';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { WorkerProcess } from '../support/worker-process';

const kills = Number(process.env.DEPLOY_CODE_KILLS ?? 10);

describeWith('docker', `a worker killed with -9 at ${kills} random moments`, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'deploy-code-kills-'));
  const worker = new WorkerProcess('durability', dataDir);
  let client: DeployCodeClient;
  let stack: Stack;
  beforeAll(async () => {
    await worker.start();
    client = await DeployCodeClient.connect({ address: address(), namespace: 'durability' });
    stack = dockerStack(layered(12, 3));
    await (await client.deploy(stack)).result();
  });
  afterAll(async () => {
    await wipe(stack.name);
    await client.close();
    await worker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const version = (image: string, last: string) => ({
    ...dockerStack(layered(12, 3, (index) => ({ image: index === 11 ? last : image }))),
    name: stack.name,
  });

  it.each(Array.from({ length: kills }, (_, round) => round))(
    'round %i: what runs is what the deployment says',
    async (round) => {
      const broken = round % 2 === 0;
      const before = await listing(stack.name);
      const image = round % 4 < 2 ? images.next : images.app;
      const handle = await client.deploy(version(image, broken ? images.broken : image));
      await sleep(Math.random() * 5000);
      await worker.kill();
      await worker.start();
      const { outcome, leftBehind } = await handle.result();
      expect({ outcome, leftBehind }).toEqual({ outcome: broken ? 'rolled_back' : outcome, leftBehind: [] });
      if (broken) expect(await listing(stack.name)).toEqual(before);
      const running = await states(stack.name);
      expect(running).toHaveLength(12);
      expect(running.every((line) => line.endsWith(' running'))).toBe(true);
    },
  );
});
