import type { Stack } from '../../src/client';
import { startEngine, type TestEngine } from '../support/engine';
import { states } from '../support/docker-world';
import { EchoSockets } from '../support/echo-sockets';
import { images } from '../support/image';
import { Load } from '../support/load';
import { describeWith } from '../support/parts';
import { RolloutWorlds } from '../support/rollout';
import { reached, step } from '../support/events';
import { isFull, itInFull } from '../support/exhaustive';

const requests = isFull ? 50_000 : 2000;
/** The versions that replace the first one, each after the other. */
const replacements = isFull ? ['2', '3'] : ['2'];
const smokeTest = {
  command: ['node', '-e', 'fetch("http://" + process.env.TARGET).then((answer) => process.exit(answer.ok ? 0 : 1))'],
};
const strategies = {
  rolling: { rolling: {} },
  ...(isFull && {
    'rolling, two at a time and one missing': {
      rolling: { max_surge: 1, max_unavailable: 1, min_healthy_time: '500ms' },
    },
  }),
  blue_green: { blue_green: { smoke_test: smokeTest, keep_old: '500ms' } },
  canary: { canary: { steps: [{ weight: 10, bake: '500ms' }, { weight: 50 }] } },
};

describeWith('docker', 'a rollout under load', () => {
  let engine: TestEngine;
  const worlds = new RolloutWorlds();
  beforeAll(async () => void (engine = await startEngine('rollouts')));
  afterAll(async () => {
    await worlds.wipe();
    await engine.close();
  });

  const world = () => worlds.next();
  const deploy = async (stack: Stack) => (await engine.client.deploy(stack)).result();

  it.each(Object.entries(strategies).slice(isFull ? 0 : -1))(
    'replaces a service of three, puts it back when a later phase fails, and loses no request: %s',
    async (_, strategy) => {
      const front = await world();
      expect(await deploy(front.stack('1', { strategy }))).toMatchObject({ outcome: 'succeeded' });
      const load = new Load({ url: front.url });
      await load.answered(200);
      for (const version of replacements)
        expect(await deploy(front.stack(version, { strategy }))).toMatchObject({
          outcome: 'succeeded',
          leftBehind: [],
        });
      const release = replacements.length + 1;
      const broken = { services: { late: { image: images.broken, depends_on: { web: 'healthy' } } } };
      expect(await deploy(front.stack('broken', { strategy }, broken))).toMatchObject({
        outcome: 'rolled_back',
        release,
        leftBehind: [],
      });
      await load.answered(Math.max(200, requests - load.sent));
      const { failed, versions } = await load.stop();
      expect(failed).toEqual({});
      expect(Object.keys(versions)).toEqual(['1', ...replacements, 'broken']);
      expect(await states(front.name)).toEqual([
        'load-balancer-1-d1 running',
        ...['web-1', 'web-2', 'web-3'].map((name) => `${name}-d${release} running`),
      ]);
    },
  );

  const slow = {
    rolling: { rolling: { min_healthy_time: '3s' } },
    blue_green: { blue_green: { keep_old: '10m' } },
    canary: { canary: { steps: [{ weight: 50, bake: '10m' }] } },
  };

  it.each(Object.entries(slow).slice(isFull ? 0 : 1, isFull ? undefined : 2))(
    'goes back to the old set, and loses no request, when new instances turn unhealthy late: %s',
    async (_, strategy) => {
      const front = await world();
      expect(await deploy(front.stack('1', { strategy }))).toMatchObject({ outcome: 'succeeded' });
      const load = new Load({ url: front.url });
      await load.answered(200);
      const result = await deploy(front.stack('2', { strategy, environment: { UNHEALTHY_AFTER_MS: '2000' } }));
      expect(result).toMatchObject({
        outcome: 'rolled_back',
        release: 1,
        leftBehind: [],
        cause: { service: 'web', evidence: { lastProbeError: 'GET :8080/healthz answered 503' } },
      });
      await load.answered(200);
      const { failed, versions } = await load.stop();
      expect({ failed, versions: Object.keys(versions) }).toEqual({ failed: {}, versions: ['1', '2'] });
      expect(await states(front.name)).toEqual([
        'load-balancer-1-d1 running',
        'web-1-d1 running',
        'web-2-d1 running',
        'web-3-d1 running',
      ]);
    },
  );

  itInFull('goes back to the old set at once when a new instance crashes while the old set is kept', async () => {
    const front = await world();
    const strategy = slow.blue_green;
    expect(await deploy(front.stack('1', { strategy }))).toMatchObject({ outcome: 'succeeded' });
    const result = await deploy(front.stack('2', { strategy, environment: { FAIL_AFTER_MS: '5000' } }));
    const load = new Load({ url: front.url });
    await load.answered(200);
    expect(result).toMatchObject({
      outcome: 'rolled_back',
      leftBehind: [],
      cause: { service: 'web', message: expect.stringMatching(/crashed/) as string },
    });
    expect(await load.stop()).toMatchObject({ failed: {}, versions: { 1: expect.any(Number) as number } });
  });

  itInFull('gives a canary its share, and loses nothing when it takes over', async () => {
    const front = await world();
    const strategy = {
      strategy: {
        canary: {
          steps: [
            { weight: 10, bake: '1h' },
            { weight: 50, bake: '1s' },
          ],
        },
      },
    };
    expect(await deploy(front.stack('1', strategy))).toMatchObject({ outcome: 'succeeded' });
    const load = new Load({ url: front.url, pauseMs: 0 });
    const running = await engine.client.deploy(front.stack('2', strategy));
    await reached(running, step('step.started', 'bake web at 10 % for 3600 s'));
    const before = { ...load.versions };
    await load.answered(4000);
    const after = { ...load.versions };
    await running.steer({ action: 'promote', by: 'ana' });
    expect(await running.result()).toMatchObject({ outcome: 'succeeded' });
    await load.answered(Math.max(200, requests - load.sent));
    const report = await load.stop();
    expect(report.failed).toEqual({});
    const [old, next] = ['1', '2'].map((version) => (after[version] ?? 0) - (before[version] ?? 0));
    expect(Math.abs((100 * next!) / (old! + next!) - 10)).toBeLessThan(2);
  });

  it.each(Object.entries(strategies).slice(0, isFull ? undefined : 1))(
    'waits for slow answers, uploads that trickle in, and WebSockets: %s',
    async (_, plain) => {
      const front = await world();
      const strategy = { strategy: plain };
      expect(await deploy(front.stack('1', strategy))).toMatchObject({ outcome: 'succeeded' });
      const slow = new Load({ url: `${front.url}slow`, connections: 10 });
      const uploads = new Load({ url: front.url, connections: 5, body: Buffer.alloc(4000), trickleMs: 1000 });
      const sockets = new EchoSockets(front.port, 5, 1500);
      await slow.answered(5);
      for (const version of ['2', '3'])
        expect(await deploy(front.stack(version, strategy))).toMatchObject({ outcome: 'succeeded' });
      const reports = await Promise.all([slow.stop(), uploads.stop(), sockets.stop()]);
      expect(reports.map(({ failed }) => failed)).toEqual([{}, {}, {}]);
      for (const { sent } of reports) expect(sent).toBeGreaterThan(10);
    },
  );
});
