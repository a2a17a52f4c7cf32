import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { Client, Connection } from '@temporalio/client';
import { decoded } from '../support/histories';
import { memoryStack } from '../support/memory-stack';
import { address, startEngine, type TestEngine } from '../support/engine';
import { holdsFor } from '../support/holds-for';
import { until as holding } from '../support/until';
import type { Stack } from '../../src/client';
import type { EnvironmentState } from '../../src/workflows/messages';

const checked = { health_check: { command: ['check'], interval: '50ms', retries: 2 } };

describe('an environment between deployments', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  beforeAll(
    async () => void (engine = await startEngine('watch', { runtimes: { memory: createMemoryRuntime(host) } })),
  );
  afterAll(() => engine.close());

  const stackOf = (image: string, more: object = {}, name?: string): Stack => {
    const stack = memoryStack(
      { api: { image, replicas: 2, ...checked }, web: { image: 'web:1', restart: 'always' } },
      { watch: { interval: '50ms' }, ...more },
    );
    return name ? { ...stack, name } : stack;
  };
  const placeOf = ({ name }: Stack) => ({ stack: name, environment: 'test' });
  const deploy = async (stack: Stack) => {
    const result = await (await engine.client.deploy(stack)).result();
    expect(result).toMatchObject({ outcome: 'succeeded' });
    return result;
  };
  const instance = (stack: Stack, name: string) => `${stack.name}-test-${name}`;
  const until = async (stack: Stack, holds: (state: EnvironmentState) => boolean): Promise<EnvironmentState> => {
    let state: EnvironmentState | undefined;
    await holding(async () => {
      state = await engine.client.environment(placeOf(stack));
      return state !== undefined && holds(state);
    });
    return state!;
  };
  const calls = (what: string) => host.calls.filter((call) => call === what).length;

  it('restarts what has died, and remembers that it had to', async () => {
    const stack = stackOf('api:1');
    await deploy(stack);
    await until(stack, ({ watch }) => watch?.release === 1);
    const dead = instance(stack, 'web-1-d1');
    host.exit(dead, 137);
    const { watch } = await until(
      stack,
      (state) => state.watch?.restarts[dead] !== undefined && state.watch.ailing.length === 0,
    );
    expect(host.get(dead).status.state).toBe('running');
    expect(watch).toMatchObject({ ailing: [], restarts: { [dead]: { count: 1 } } });
    expect(host.get(dead).policy).toBe('always');
    expect((await engine.client.status(stack)).found.find(({ name }) => name === dead)).toMatchObject({ restarts: 1 });
    const client = new Client({ connection: await Connection.connect({ address: address() }), namespace: 'watch' });
    const { events } = await client.workflow.getHandle(`environment/${stack.name}/test`).fetchHistory();
    const restarts = events!.filter(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'restartInstance',
    );
    expect(JSON.parse(await decoded(restarts[0]!.activityTaskScheduledEventAttributes!.input!.payloads))).toMatchObject(
      { instance: dead, release: 1 },
    );
    await client.connection.close();
  });

  it('restarts what is unhealthy, waits before it does so again, and says when it is well', async () => {
    const stack = stackOf('sick:1');
    await deploy(stack);
    host.unhealthy['sick:1'] = 'GET :8080 answered 500';
    const { watch } = await until(
      stack,
      (state) => Object.keys(state.watch?.restarts ?? {}).length === 2 && state.watch?.ailing.length === 2,
    );
    expect(watch!.ailing.map(({ why }) => why)).toEqual(['GET :8080 answered 500', 'GET :8080 answered 500']);
    expect(Object.values(watch!.restarts).map(({ count }) => count)).toEqual([1, 1]);
    delete host.unhealthy['sick:1'];
    await until(stack, (state) => state.watch?.ailing.length === 0);
    expect(calls(`start ${instance(stack, 'api-1-d1')}`)).toBe(2);
  });

  it('reports drift, and leaves it alone by default; `repair` puts it right and keeps the release', async () => {
    const stack = stackOf('api:1');
    await deploy(stack);
    host.instances.delete(instance(stack, 'api-2-d1'));
    const { watch, numbers } = await until(stack, (state) => (state.watch?.drift.length ?? 0) > 0);
    expect(watch!.drift).toEqual(['api-2 is missing']);
    expect(numbers.deployment).toBe(1);
    expect(await (await engine.client.repair(placeOf(stack))).result()).toMatchObject({
      outcome: 'succeeded',
      intent: 'repair',
      release: 1,
      changed: ['api'],
    });
    expect([...host.instances.keys()].filter((name) => name.startsWith(stack.name)).sort()).toEqual(
      ['api-1-d1', 'api-2-d2', 'web-1-d1'].map((name) => instance(stack, name)),
    );
    const { current } = await until(stack, (state) => state.watch?.deployment === 2);
    expect(current).toMatchObject({ release: 1, deployment: 2 });
  });

  it('sees what somebody has changed of an instance that runs, and `repair` replaces just that one', async () => {
    const stack = memoryStack(
      { api: { image: 'api:1', replicas: 2, resources: { limit: { memory: '64M' } }, ...checked } },
      { watch: { interval: '50ms' } },
    );
    await deploy(stack);
    host.get(instance(stack, 'api-2-d1')).spec.limit.memory = 2 ** 30;
    const { watch } = await until(stack, (state) => (state.watch?.drift.length ?? 0) > 0);
    expect(watch!.drift).toEqual(['api-2 is allowed 1024 MiB of memory instead of 64 MiB of memory']);
    expect(await (await engine.client.repair(placeOf(stack))).result()).toMatchObject({
      outcome: 'succeeded',
      changed: ['api'],
    });
    expect([...host.instances.keys()].filter((name) => name.startsWith(stack.name)).sort()).toEqual(
      ['api-1-d1', 'api-2-d2'].map((name) => instance(stack, name)),
    );
  });

  it('repairs drift by itself where the file says so, and says who asked', async () => {
    const stack = stackOf('api:1', { watch: { interval: '50ms', on_drift: 'repair' } });
    await deploy(stack);
    host.instances.delete(instance(stack, 'web-1-d1'));
    await until(stack, ({ recent }) =>
      recent.some(({ deployment, outcome }) => deployment === 2 && outcome === 'succeeded'),
    );
    expect(await (await engine.client.deployment(placeOf(stack), 2)).result()).toMatchObject({
      intent: 'repair',
      requestedBy: 'the watch',
      reason: 'web-1 is missing',
      release: 1,
    });
  });

  it('rolls a release back that crashes within its watch window, and not the one it goes back to', async () => {
    const stack = stackOf('api:1', { deployment: { watch_window: '10m' } });
    await deploy(stack);
    await deploy(stackOf('api:2', { deployment: { watch_window: '10m' } }, stack.name));
    host.exit(instance(stack, 'api-1-d2'), 1);
    const { current } = await until(stack, ({ recent }) =>
      recent.some(({ deployment, outcome }) => deployment === 3 && outcome === 'succeeded'),
    );
    expect(current).toMatchObject({ deployment: 3, release: 1 });
    expect(await (await engine.client.deployment(placeOf(stack), 3)).result()).toMatchObject({
      intent: 'rollback',
      requestedBy: 'the watch',
      reason: 'api-1 exited 1 within the watch window of deployment 2',
    });
    await until(stack, ({ watch }) => watch?.deployment === 3);
    host.exit(instance(stack, 'api-1-d3'), 1);
    const { numbers } = await until(stack, ({ watch }) => watch?.restarts[instance(stack, 'api-1-d3')] !== undefined);
    expect(numbers.deployment).toBe(3);
  });

  it('does away with the release that it judged, and with no other', async () => {
    const stack = stackOf('api:1');
    for (const version of ['1', '2', '3']) await deploy(stackOf(`api:${version}`, {}, stack.name));
    const late = await engine.client.rollback(placeOf(stack), { insteadOf: 2 });
    expect(await late.result()).toMatchObject({
      outcome: 'refused',
      release: 3,
      refusals: [{ message: 'release 2, which it should replace, is no longer current' }],
    });
  });

  it('keeps its hands off while it is paused, and while a deployment runs', async () => {
    const stack = stackOf('api:1');
    await deploy(stack);
    await expect(engine.client.resumeWatch(placeOf(stack))).rejects.toThrow('is not paused');
    await engine.client.pauseWatch(placeOf(stack), { reason: 'surgery', by: 'ana' });
    const dead = instance(stack, 'web-1-d1');
    await until(stack, ({ watchPause }) => watchPause?.reason === 'surgery');
    host.exit(dead, 1);
    await holdsFor(500, () => calls(`start ${dead}`) === 1);
    await engine.client.resumeWatch(placeOf(stack));
    await until(stack, () => host.get(dead).status.state === 'running');
  });

  it('does nothing where nobody wants it', async () => {
    const stack = stackOf('api:1', { watch: { enabled: false } });
    await deploy(stack);
    const { watch } = await until(stack, (state) => state.watch?.off === true);
    expect(watch).toMatchObject({ ailing: [], drift: [] });
  });
});
