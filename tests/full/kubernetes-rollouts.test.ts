import { CoreV1Api, CustomObjectsApi } from '@kubernetes/client-node';
import { startEngine, type TestEngine } from '../support/engine';
import { clusterConfig, clusterEndpoint } from '../support/cluster';
import { clusterStack, namespaceOf, probed, ready, specs, wipe } from '../support/cluster-world';
import { eventually } from '../support/eventually';
import { ensureHttpRoutes, GatewayController } from '../support/gateway-api';
import { images } from '../support/image';
import { Load } from '../support/load';
import { describeWith } from '../support/parts';
import type { DeploymentHandle, Stack } from '../../src/client';

describeWith('kubernetes', 'a rollout on Kubernetes', () => {
  let engine: TestEngine;
  const used = new Set<string>();
  beforeAll(async () => void (engine = await startEngine('kubernetes-rollouts', { cluster: clusterEndpoint() })));
  afterAll(async () => {
    for (const stack of used) await wipe(stack);
    await engine.close();
  });

  const make = (image: string, strategy: unknown, name?: string): Stack => {
    const stack = clusterStack({ api: { image, replicas: 3, ...probed, strategy } });
    return name === undefined ? stack : { ...stack, name };
  };
  const deploy = (stack: Stack) => {
    used.add(stack.name);
    return engine.client.deploy(stack);
  };
  const urlOf = async (stack: Stack) => {
    const { spec } = await clusterConfig()
      .makeApiClient(CoreV1Api)
      .readNamespacedService({ name: 'api', namespace: namespaceOf(stack) });
    return `http://${spec!.clusterIP}:8080/version`;
  };
  /** Which versions answer at the service's address, and how often. */
  const answers = async (stack: Stack, count = 60): Promise<Record<string, number>> => {
    const url = await urlOf(stack);
    const seen: Record<string, number> = {};
    for (let index = 0; index < count; index += 1) {
      const version = (await (await fetch(url, { headers: { connection: 'close' } })).text()).trim();
      seen[version] = (seen[version] ?? 0) + 1;
    }
    return seen;
  };
  /** Which part of the requests the next version answers comes to lie between these. */
  const nextGets = (stack: Stack, [low, high]: [number, number]) =>
    eventually(async () => {
      const { 2: share = 0 } = await answers(stack, 200);
      expect(share / 200).toBeGreaterThan(low);
      expect(share / 200).toBeLessThan(high);
    });
  const behindGateway = (api: Record<string, unknown>): Stack =>
    clusterStack(
      { api: { image: images.app, ...probed, expose: { port: 8080, host: 'shop.example.com' }, ...api } },
      { infrastructure: { kubernetes: { gateway: 'infra/public' } } },
    );
  const awaited = (handle: DeploymentHandle, title: string) =>
    eventually(
      async () => expect((await handle.progress()).approvals?.map((each) => each.title)).toEqual([title]),
      60_000,
    );

  it("by rolling, by canary and back loses no request to the service's address", async () => {
    const stack = make(images.app, 'rolling');
    expect(await (await deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    await eventually(async () => expect(await answers(stack, 20)).toEqual({ 1: 20 }));
    const load = new Load({ url: await urlOf(stack), connections: 4, pauseMs: 5 });
    await load.answered(100);
    expect(await (await deploy(make(images.next, 'rolling', stack.name))).result()).toMatchObject({
      outcome: 'succeeded',
      changed: ['api'],
    });
    expect(
      await (await deploy(make(images.app, { canary: { steps: [{ weight: 40, bake: '1s' }] } }, stack.name))).result(),
    ).toMatchObject({ outcome: 'succeeded', changed: ['api'] });
    expect(
      await (await engine.client.rollback({ stack: stack.name, environment: 'test' }, { to: 2 })).result(),
    ).toMatchObject({ outcome: 'succeeded' });
    await load.answered(100);
    expect((await load.stop()).failed).toEqual({});
  });

  it('by canary gives new pods a share of the requests, and all of them once that is approved', async () => {
    const strategy = { canary: { steps: [{ weight: 25, approval: true }] } };
    const stack = make(images.app, strategy);
    expect(await (await deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    const handle = await deploy(make(images.next, strategy, stack.name));
    await awaited(handle, 'approve api beyond 25 %');
    await nextGets(stack, [0.1, 0.45]);
    await handle.steer({ action: 'approve', by: 'the test' });
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect(await ready(stack)).toEqual(['api 3/3']);
    expect(await answers(stack)).toEqual({ 2: 60 });
    expect(Object.keys(await specs(stack)).sort()).toEqual([
      'Deployment api',
      'PodDisruptionBudget api',
      'Service api',
    ]);
  });

  it.each([
    ['well', '0', { outcome: 'succeeded' }],
    [
      'not well',
      '0.5',
      { outcome: 'rolled_back', cause: { message: expect.stringContaining('errors is 0.5, more than 0.1') } },
    ],
  ])('by canary that a Prometheus of the stack finds %s', async (_, value, end) => {
    const strategy = {
      canary: {
        steps: [{ weight: 25, bake: '2s' }],
        analysis: { interval: '1s', checks: [{ name: 'errors', query: 'errors', max: 0.1 }] },
      },
    };
    const answer = JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [0, value] } });
    const prometheus = { image: images.app, ...probed, configs: { answer: '/www/api/v1/query' } };
    const judged = (image: string) =>
      clusterStack(
        { prometheus, api: { image, replicas: 3, ...probed, strategy } },
        {
          monitoring: { prometheus: { endpoint: 'http://prometheus:8080' } },
          configs: { answer: { content: answer } },
        },
      );
    const stack = judged(images.app);
    expect(await (await deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    expect(await (await deploy({ ...judged(images.next), name: stack.name })).result()).toMatchObject({
      ...end,
      leftBehind: [],
    });
  });

  it('by canary behind a Gateway gives it its share by weight, and takes it back when that is rejected', async () => {
    await ensureHttpRoutes();
    const strategy = {
      canary: {
        steps: [
          { weight: 10, approval: true },
          { weight: 60, approval: true },
        ],
      },
    };
    const behind = (image: string) => behindGateway({ image, replicas: 2, strategy });
    const stack = behind(images.app);
    const weights = async () => {
      const route = (await clusterConfig()
        .makeApiClient(CustomObjectsApi)
        .getNamespacedCustomObject({
          group: 'gateway.networking.k8s.io',
          version: 'v1',
          plural: 'httproutes',
          namespace: namespaceOf(stack),
          name: 'api',
        })) as { spec: { rules: { backendRefs: { name: string; weight: number }[] }[] } };
      return Object.fromEntries(route.spec.rules[0]!.backendRefs.map(({ name, weight }) => [name, weight]));
    };
    expect(await (await deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    expect(await weights()).toEqual({ api: 100 });
    const before = await specs(stack);

    const rejected = await deploy({ ...behind(images.next), name: stack.name });
    await awaited(rejected, 'approve api beyond 10 %');
    expect(await weights()).toEqual({ api: 90, 'api-canary': 10 });
    expect(await answers(stack)).toEqual({ 1: 60 });
    await rejected.steer({ action: 'reject', by: 'the test' });
    expect(await rejected.result()).toMatchObject({ outcome: 'rolled_back', leftBehind: [] });
    expect(await weights()).toEqual({ api: 100 });
    expect(await specs(stack)).toEqual(before);

    const approved = await deploy({ ...behind(images.next), name: stack.name });
    await awaited(approved, 'approve api beyond 10 %');
    await approved.steer({ action: 'approve', by: 'the test' });
    await awaited(approved, 'approve api beyond 60 %');
    expect(await weights()).toEqual({ api: 40, 'api-canary': 60 });
    expect(await ready(stack)).toEqual(['api 4/4']);
    await approved.steer({ action: 'approve', by: 'the test' });
    expect(await approved.result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect(await weights()).toEqual({ api: 100 });
    expect(await answers(stack)).toEqual({ 2: 60 });
    expect(await (await engine.client.stop(stack)).result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    await expect(weights()).rejects.toThrow('404');
  });

  it('of what its Gateway does not take fails, as the controller of the Gateway tells it, and goes back', async () => {
    await ensureHttpRoutes();
    const stack = behindGateway({});
    const controller = new GatewayController(namespaceOf(stack), 'shop.example.com');
    try {
      expect(await (await deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
      const before = await specs(stack);
      const result = await (
        await deploy({ ...behindGateway({ expose: { port: 8080, host: 'else.example.com' } }), name: stack.name })
      ).result();
      expect(result).toMatchObject({
        outcome: 'rolled_back',
        leftBehind: [],
        cause: {
          service: 'api',
          message:
            'api is not accepted by the Gateway infra/public (NoMatchingListenerHostname): no listener of that name',
        },
      });
      expect(await specs(stack)).toEqual(before);
    } finally {
      await controller.stop();
    }
  });

  it('by canary that brings a service behind a Gateway shares by pods, and by the route at the end', async () => {
    await ensureHttpRoutes();
    const strategy = { canary: { steps: [{ weight: 50, approval: true }] } };
    const stack = make(images.app, strategy);
    expect(await (await deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    const handle = await deploy({ ...behindGateway({ image: images.next, replicas: 3, strategy }), name: stack.name });
    await awaited(handle, 'approve api beyond 50 %');
    expect(await ready(stack)).toEqual(['api 6/6']);
    await nextGets(stack, [0.35, 0.65]);
    await handle.steer({ action: 'approve', by: 'the test' });
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    await eventually(async () => expect(await answers(stack)).toEqual({ 2: 60 }));
  });

  it('by canary that is rejected leaves everything as it was', async () => {
    const strategy = { canary: { steps: [{ weight: 25, approval: true }] } };
    const stack = make(images.app, strategy);
    await (await deploy(stack)).result();
    const before = await specs(stack);
    const handle = await deploy(make(images.next, strategy, stack.name));
    await awaited(handle, 'approve api beyond 25 %');
    await handle.steer({ action: 'reject', by: 'the test' });
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', leftBehind: [] });
    expect(await specs(stack)).toEqual(before);
    expect(await answers(stack)).toEqual({ 1: 60 });
  });

  it('by blue-green tries the whole new set first, and then switches', async () => {
    const strategy = {
      blue_green: {
        smoke_test: { command: ['sh', '-c', 'test "$$VERSION" = 2 && echo $$TARGET | grep -q api-next:8080'] },
        approval: true,
        keep_old: '3s',
      },
    };
    const stack = make(images.app, strategy);
    await (await deploy(stack)).result();
    const handle = await deploy(make(images.next, strategy, stack.name));
    await awaited(handle, 'approve the switch of api');
    expect(await ready(stack)).toEqual(['api 6/6']);
    expect(await answers(stack)).toEqual({ 1: 60 });
    await handle.steer({ action: 'approve', by: 'the test' });
    await eventually(async () => expect(await answers(stack)).toEqual({ 2: 60 }));
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect(await ready(stack)).toEqual(['api 3/3']);
    expect(await answers(stack)).toEqual({ 2: 60 });
    expect(Object.keys(await specs(stack)).sort()).toEqual([
      'Deployment api',
      'PodDisruptionBudget api',
      'Service api',
    ]);
  });

  it('by blue-green whose test fails, or that is aborted after the switch, leaves everything as it was', async () => {
    const failing = { blue_green: { smoke_test: { command: ['sh', '-c', 'exit 3'] } } };
    const stack = make(images.app, failing);
    await (await deploy(stack)).result();
    const before = await specs(stack);
    expect(await (await deploy(make(images.next, failing, stack.name))).result()).toMatchObject({
      outcome: 'rolled_back',
      leftBehind: [],
      cause: { message: 'the smoke test of api exited 3' },
    });
    expect(await specs(stack)).toEqual(before);
    const handle = await deploy(make(images.next, { blue_green: { keep_old: '60s' } }, stack.name));
    await eventually(async () => expect(await answers(stack)).toEqual({ 2: 60 }));
    await handle.cancel('by the test');
    expect(await handle.result()).toMatchObject({ outcome: 'cancelled', leftBehind: [] });
    expect(await specs(stack)).toEqual(before);
    expect(await answers(stack)).toEqual({ 1: 60 });
  });
});
