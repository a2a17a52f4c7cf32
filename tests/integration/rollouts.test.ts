import type { Stack } from '../../src/client';
import { startEngine, type TestEngine } from '../support/engine';
import { states, wipe } from '../support/docker-world';
import { Load } from '../support/load';
import { describeWith } from '../support/parts';
import { RolloutWorld } from '../support/rollout';

const requests = Number(process.env.DEPLOY_CODE_TEST_REQUESTS ?? 5000);

describeWith('docker', 'a rollout under load', () => {
  let engine: TestEngine;
  const worlds: RolloutWorld[] = [];
  beforeAll(async () => void (engine = await startEngine('rollouts')));
  afterAll(async () => {
    for (const { name } of worlds) await wipe(name);
    await engine.close();
  });

  const world = async () => {
    const made = await new RolloutWorld().prepare();
    worlds.push(made);
    return made;
  };
  const deploy = async (stack: Stack) => (await engine.client.deploy(stack)).result();

  it('replaces a service of three twice, batch by batch, and loses no request', async () => {
    const front = await world();
    const strategy = { strategy: 'rolling' };
    expect(await deploy(front.stack('1', strategy))).toMatchObject({ outcome: 'succeeded' });
    const load = new Load({ url: front.url });
    await load.answered(200);
    for (const version of ['2', '3']) expect(await deploy(front.stack(version, strategy))).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    await load.answered(Math.max(200, requests - load.sent));
    const { failed, versions } = await load.stop();
    expect(failed).toEqual({});
    expect(Object.keys(versions).sort()).toEqual(['1', '2', '3']);
    expect(await states(front.name)).toEqual(['load-balancer-1-d1 running', 'web-1-d3 running', 'web-2-d3 running', 'web-3-d3 running']);
  });
});
