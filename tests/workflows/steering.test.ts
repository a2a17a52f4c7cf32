import type { DeploymentHandle, Stack } from '../../src/client';
import type { Steer } from '../../src/workflows/messages';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { startEngine, type TestEngine } from '../support/engine';
import { memoryStack } from '../support/memory-stack';
import { reached, step } from '../support/events';
import { holdsFor } from '../support/holds-for';

describe('a rollout', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  beforeAll(
    async () => void (engine = await startEngine('steering', { runtimes: { memory: createMemoryRuntime(host) } })),
  );
  afterAll(() => engine.close());
  afterEach(() => {
    host.commands = {};
    host.exits = {};
  });

  const checked = {
    health_check: { command: ['check'], interval: '100ms', retries: 2 },
    expose: { port: 8080, host_port: 80 },
  };
  const nobodyAnswers = { monitoring: { prometheus: { endpoint: 'http://127.0.0.1:1' } } };
  const shop = (version: string, strategy: object, name?: string): Stack => {
    const stack = memoryStack({ web: { image: `web:${version}`, replicas: 2, strategy, ...checked } }, nobodyAnswers);
    return name ? { ...stack, name } : stack;
  };
  const begun = async (strategy: object): Promise<{ name: string; handle: DeploymentHandle }> => {
    const first = shop('1', strategy);
    expect(await (await engine.client.deploy(first)).result()).toMatchObject({ outcome: 'succeeded' });
    return { name: first.name, handle: await engine.client.deploy(shop('2', strategy, first.name)) };
  };
  const steer = (handle: DeploymentHandle, action: Steer['action'], more: Partial<Steer> = {}) =>
    handle.steer({ action, by: 'ana', ...more });
  const targets = (name: string) =>
    host
      .get(`${name}-test-load-balancer-1-d1`)
      .traffic.tables.flatMap((table) =>
        table.targets.map(({ address, weight }) => `${address.replace(`${name}-test-`, '')} ${weight}`),
      );
  const [old, next] = [
    ['web-1-d1:8080 50', 'web-2-d1:8080 50'],
    ['web-1-d2:8080 50', 'web-2-d2:8080 50'],
  ];

  const approved = { blue_green: { approval: true, keep_old: '0s' } };

  it('waits for an approval, and goes on with it; who and why is recorded', async () => {
    const { name, handle } = await begun(approved);
    await reached(handle, step('step.started', 'approve the switch of web'));
    expect(await handle.progress()).toMatchObject({
      status: 'waiting',
      approvals: [{ title: 'approve the switch of web', service: 'web' }],
    });
    expect(targets(name)).toEqual(old);
    await expect(steer(handle, 'approve', { service: 'api' })).rejects.toThrow('nothing waits for an approval for api');
    await steer(handle, 'approve', { reason: 'looks good' });
    expect(await handle.result()).toMatchObject({
      outcome: 'succeeded',
      steering: [{ action: 'approve', by: 'ana', reason: 'looks good', at: expect.any(Number) as number }],
    });
    expect(targets(name)).toEqual(next);
    await expect(steer(handle, 'approve')).rejects.toThrow();
  });

  it('that is rejected is rolled back', async () => {
    const { name, handle } = await begun(approved);
    await reached(handle, step('step.started', 'approve the switch of web'));
    await steer(handle, 'reject', { reason: 'too red' });
    expect(await handle.result()).toMatchObject({
      outcome: 'rolled_back',
      cause: { service: 'web', message: 'rejected by ana: too red' },
      leftBehind: [],
    });
    expect(targets(name)).toEqual(old);
  });

  it.each([
    ['approve', 'succeeded'],
    ['reject', 'rolled_back'],
  ])('counts silence as what the file says: %s', async (otherwise, outcome) => {
    const { handle } = await begun({
      blue_green: { approval: { timeout: '300ms', default: otherwise }, keep_old: '0s' },
    });
    expect(await handle.result()).toMatchObject({ outcome });
  });

  it('is not out of time while a person is asked', async () => {
    const timeoutMs = 5000;
    const first = shop('1', approved);
    await (await engine.client.deploy(first)).result();
    const short = { ...shop('2', approved, first.name), deployment: { ...first.deployment, timeoutMs } };
    const handle = await engine.client.deploy(short);
    await reached(handle, step('step.started', 'approve the switch of web'));
    await holdsFor(timeoutMs + 1500, async () => (await handle.progress()).status === 'waiting');
    await steer(handle, 'approve');
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('that is promoted skips what is left of its bake, and of the time that the old set is kept', async () => {
    const canary = await begun({ canary: { steps: [{ weight: 10, bake: '1h' }] } });
    await reached(canary.handle, step('step.started', 'bake web at 10 % for 3600 s'));
    expect(targets(canary.name)).toEqual(['web-1-d2:8080 10', 'web-1-d1:8080 45', 'web-2-d1:8080 45']);
    await steer(canary.handle, 'promote');
    expect(await canary.handle.result()).toMatchObject({ outcome: 'succeeded' });

    const blueGreen = await begun({ blue_green: { keep_old: '1h' } });
    await reached(blueGreen.handle, step('step.started', 'keep the old web for 3600 s'));
    expect(targets(blueGreen.name)).toEqual(next);
    await steer(blueGreen.handle, 'promote');
    expect(await blueGreen.handle.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('that is aborted while the old set is kept sends the requests back', async () => {
    const { name, handle } = await begun({ blue_green: { keep_old: '1h' } });
    await reached(handle, step('step.started', 'keep the old web for 3600 s'));
    await steer(handle, 'abort', { reason: 'customers complain' });
    expect(await handle.result()).toMatchObject({
      outcome: 'cancelled',
      cause: { message: 'cancelled by ana: customers complain' },
      steering: [{ action: 'abort' }],
      leftBehind: [],
    });
    expect(targets(name)).toEqual(old);
  });

  it('that is paused begins nothing until it is resumed; its bake stands still', async () => {
    const { handle } = await begun({ canary: { steps: [{ weight: 10, bake: '5s' }] } });
    await reached(handle, step('step.started', 'bake web at 10 % for 5 s'));
    await steer(handle, 'pause');
    await expect(steer(handle, 'pause')).rejects.toThrow('it is already paused by ana');
    await holdsFor(6000, async () => !(await handle.progress()).events.some(step('step.finished', 'bake')));
    await steer(handle, 'resume');
    expect(await handle.result()).toMatchObject({
      outcome: 'succeeded',
      steering: [{ action: 'pause' }, { action: 'resume' }],
    });
  });

  it.each([
    ['resume', 'succeeded'],
    ['abort', 'cancelled'],
  ] as const)('that is paused in its last step does not commit until it is steered on: %s', async (action, outcome) => {
    const letGo = host.holdBack('retire');
    const { name, handle } = await begun({ rolling: { max_surge: 2 } });
    await reached(handle, step('step.started', `drain and stop ${name}-test-web-1-d1 and 1 more`));
    await steer(handle, 'pause');
    letGo();
    await holdsFor(1000, async () => (await handle.progress()).status === 'deploying');
    await steer(handle, action);
    expect(await handle.result()).toMatchObject({ outcome, leftBehind: [] });
    expect(targets(name)).toEqual(action === 'abort' ? old : next);
  });

  it('that is aborted while it is paused goes back all the same', async () => {
    const { name, handle } = await begun({ canary: { steps: [{ weight: 10, bake: '1h' }] } });
    await reached(handle, step('step.started', 'bake web at 10 % for 3600 s'));
    await steer(handle, 'pause');
    await steer(handle, 'abort');
    expect(await handle.result()).toMatchObject({ outcome: 'cancelled', leftBehind: [] });
    expect(targets(name)).toEqual(old);
  });

  it('whose smoke test fails gets no request, and leaves no test behind', async () => {
    const strategy = { blue_green: { smoke_test: { command: ['check'], image: 'check:1' }, keep_old: '0s' } };
    host.exits['check:1'] = 3;
    const { name, handle } = await begun(strategy);
    expect(await handle.result()).toMatchObject({
      outcome: 'rolled_back',
      cause: { message: 'the smoke test of web exited 3' },
      notUndone: [],
    });
    expect(host.calls.some((call) => call.startsWith('balancer') && call.includes(name))).toBe(false);
    expect([...host.instances.keys()].filter((each) => each.startsWith(name)).sort()).toEqual([
      `${name}-test-load-balancer-1-d1`,
      `${name}-test-web-1-d1`,
      `${name}-test-web-2-d1`,
    ]);
  });

  const unanswered = (policy: string) => ({
    canary: {
      steps: [{ weight: 10, bake: '500ms' }],
      analysis: { interval: '200ms', without_answer: policy, checks: [{ name: 'errors', query: 'up', max: 1 }] },
    },
  });

  it.each([
    ['fail', 'rolled_back'],
    ['pass', 'succeeded'],
  ])('whose numbers nobody gives counts as the file says: %s', async (policy, outcome) => {
    const { handle } = await begun(unanswered(policy));
    const result = await handle.result();
    expect(result).toMatchObject({ outcome, leftBehind: [] });
    if (outcome === 'rolled_back')
      expect(result.cause!.message).toMatch(
        /metrics are missing: errors: Prometheus at http:\/\/127\.0\.0\.1:1 does not answer/,
      );
  });

  it('whose numbers nobody gives asks a person, where the file says so', async () => {
    const { handle } = await begun(unanswered('ask'));
    for await (const { question } of handle.watch()) if (question) break;
    const { question } = await handle.progress();
    await handle.answer(question!.id, 'go on', 'ana');
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('waits for a load balancer that is away, as for the rest of the platform', async () => {
    const strategy = { rolling: {} };
    const first = shop('1', strategy);
    await (await engine.client.deploy(first)).result();
    host.faults = [
      {
        operation: 'balancer',
        service: 'route',
        kind: 'platform',
        message: 'the load balancer does not run',
        times: 2,
      },
    ];
    expect(await (await engine.client.deploy(shop('2', strategy, first.name))).result()).toMatchObject({
      outcome: 'succeeded',
    });
    expect(host.faults[0]!.times).toBe(0);
  });
});
