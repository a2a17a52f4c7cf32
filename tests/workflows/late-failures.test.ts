import type { DeploymentHandle, Stack } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { startEngine, type TestEngine } from '../support/engine';
import { memoryStack } from '../support/memory-stack';
import { reached, step } from '../support/events';
import { until } from '../support/until';
import { holdsFor } from '../support/holds-for';
import { itInFull } from '../support/exhaustive';

const checked = { health_check: { command: ['check'], interval: '100ms', retries: 3 } };
const exposed = { ...checked, expose: { port: 8080, host_port: 80 } };
const strategies = {
  blue_green: { strategy: { blue_green: { keep_old: '1h' } }, waiting: 'keep the old web for 3600 s' },
  canary: { strategy: { canary: { steps: [{ weight: 10, bake: '1h' }] } }, waiting: 'bake web at 10 % for 3600 s' },
};

describe('what fails after it has been healthy', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  beforeAll(
    async () => void (engine = await startEngine('late-failures', { runtimes: { memory: createMemoryRuntime(host) } })),
  );
  afterAll(() => engine.close());
  afterEach(() => {
    host.unhealthy = {};
    host.faults = [];
    host.unreachable.clear();
  });

  const deploy = async (stack: Stack) => (await engine.client.deploy(stack)).result();
  const shop = (version: string, web: object, more: object = {}, name?: string): Stack => {
    const stack = memoryStack({ web: { image: `web:${version}`, replicas: 2, ...exposed, ...web }, ...more });
    return name ? { ...stack, name } : stack;
  };
  const replaced = async (web: object, more: object = {}): Promise<{ name: string; handle: DeploymentHandle }> => {
    const first = shop('1', web, more);
    expect(await deploy(first)).toMatchObject({ outcome: 'succeeded' });
    return { name: first.name, handle: await engine.client.deploy(shop('2', web, more, first.name)) };
  };
  const targets = (name: string) =>
    host
      .get(`${name}-test-load-balancer-1-d1`)
      .traffic.tables.flatMap((table) =>
        table.targets.map(({ address, weight }) => `${address.replace(`${name}-test-`, '')} ${weight}`),
      );
  const running = (name: string) =>
    [...host.instances.values()]
      .filter(({ spec, status }) => spec.stack === name && status.state === 'running')
      .map(({ spec }) => spec.name.replace(`${name}-test-`, ''))
      .sort();
  const asBefore = ['load-balancer-1-d1', 'web-1-d1', 'web-2-d1'];
  const old = ['web-1-d1:8080 50', 'web-2-d1:8080 50'];

  describe.each(Object.entries(strategies))('%s', (_, { strategy, waiting }) => {
    it('sends the requests back to the old set as soon as a new instance turns unhealthy, and rolls back', async () => {
      const { name, handle } = await replaced({ strategy });
      await reached(handle, step('step.started', waiting));
      host.unhealthy['web:2'] = 'GET :8080 answered 503';
      expect(await handle.result()).toMatchObject({
        outcome: 'rolled_back',
        release: 1,
        leftBehind: [],
        cause: {
          service: 'web',
          message: expect.stringMatching(
            /^web-\d has become unhealthy: GET :8080 answered 503 \(3 probes in a row\)$/,
          ) as string,
          evidence: { lastProbeError: 'GET :8080 answered 503', logs: ['log of web'] },
        },
      });
      expect(targets(name)).toEqual(old);
      expect(running(name)).toEqual(asBefore);
    });

    itInFull('goes back when a new instance exits, or is restarted', async () => {
      const { name, handle } = await replaced({ strategy });
      await reached(handle, step('step.started', waiting));
      host.get(`${name}-test-web-1-d2`).status.restarts += 1;
      expect(await handle.result()).toMatchObject({
        outcome: 'rolled_back',
        cause: { service: 'web', message: 'web-1 crashed and was restarted' },
        leftBehind: [],
      });
      expect(targets(name)).toEqual(old);

      const again = await engine.client.deploy(shop('3', { strategy }, {}, name));
      await reached(again, step('step.started', waiting));
      host.exit(`${name}-test-web-1-d3`, 7);
      expect(await again.result()).toMatchObject({
        outcome: 'rolled_back',
        cause: { message: 'web-1 exited 7 after it had started', evidence: { exitCode: 7 } },
      });
      expect(running(name)).toEqual(asBefore);
    });

    itInFull(
      'bears fewer failed probes in a row than its health check allows, and a platform that is away',
      async () => {
        const { handle } = await replaced({
          ...checked,
          strategy,
          health_check: { command: ['check'], interval: '100ms', retries: 1000 },
        });
        await reached(handle, step('step.started', waiting));
        host.unhealthy['web:2'] = 'busy';
        host.faults = [{ operation: 'inspect', service: '*', kind: 'platform', message: 'Docker is away', times: 3 }];
        await holdsFor(1000, async () => (await handle.progress()).status === 'deploying');
        host.unhealthy = {};
        await handle.steer({ action: 'promote', by: 'ana' });
        expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
      },
    );
  });

  it('is taken out of service at once though a job of the same phase has to finish first', async () => {
    host.held.add('slow:1');
    const more = { slow: { image: 'slow:1', kind: 'job', run: 'always' } };
    const stack = shop('1', { strategy: strategies.canary.strategy }, more);
    const first = engine.client.deploy(stack);
    const job = (deployment: number) => `${stack.name}-test-slow-1-d${deployment}`;
    const finish = async (deployment: number) => {
      await until(() => host.instances.get(job(deployment))?.status.state === 'running');
      return () => host.exit(job(deployment), 0);
    };
    (await finish(1))();
    expect(await (await first).result()).toMatchObject({ outcome: 'succeeded' });
    const handle = await engine.client.deploy(shop('2', { strategy: strategies.canary.strategy }, more, stack.name));
    const end = await finish(2);
    await reached(handle, step('step.started', strategies.canary.waiting));
    host.unhealthy['web:2'] = 'sick';
    await reached(handle, step('step.finished', 'route web back'));
    expect(targets(stack.name)).toEqual(old);
    expect((await handle.progress()).status).toBe('deploying');
    end();
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', cause: { service: 'web' } });
  });

  it('fails a rolling update before further old instances go: what serves never sinks below the replicas', async () => {
    const strategy = { rolling: { max_surge: 1, max_unavailable: 0, min_healthy_time: '300ms' } };
    const first = shop('1', { replicas: 4, strategy });
    await deploy(first);
    const handle = await engine.client.deploy(shop('2', { replicas: 4, strategy }, {}, first.name));
    await reached(handle, step('step.started', 'watch the health of web 2 for 0.3 s'));
    host.unhealthy[`${first.name}-test-web-1-d2`] = 'sick';
    const fewest = { serving: 4 };
    const counting = setInterval(
      () =>
        (fewest.serving = Math.min(
          fewest.serving,
          running(first.name).filter((name) => name.startsWith('web')).length,
        )),
      5,
    );
    expect(await handle.result()).toMatchObject({
      outcome: 'rolled_back',
      cause: { service: 'web', message: 'web-1 has become unhealthy: sick (3 probes in a row)' },
    });
    clearInterval(counting);
    expect(fewest.serving).toBe(4);
    expect(running(first.name)).toEqual(['load-balancer-1-d1', 'web-1-d1', 'web-2-d1', 'web-3-d1', 'web-4-d1']);
  });

  it('fails a service of an earlier phase before the commit, though nothing is in front of it', async () => {
    host.held.add('slow:1');
    const plain = (version: string, name?: string) => {
      const stack = memoryStack({
        app: { image: `app:${version}`, ...checked },
        later: { image: 'slow:1', kind: 'job', run: 'always', depends_on: { app: 'healthy' } },
      });
      return name ? { ...stack, name } : stack;
    };
    const stack = plain('1');
    const handle = await engine.client.deploy(stack);
    const job = `${stack.name}-test-later-1-d1`;
    await until(() => host.instances.get(job)?.status.state === 'running');
    host.unhealthy['app:1'] = 'sick';
    host.exit(job, 0);
    expect(await handle.result()).toMatchObject({
      outcome: 'rolled_back',
      cause: { step: 'confirm', service: 'app', message: 'app-1 has become unhealthy: sick (3 probes in a row)' },
    });
  });

  it('lets no later phase begin once a service of an earlier phase has died, and says which', async () => {
    host.held.add('slow:1');
    const job = (needs: object) => ({ image: 'slow:1', kind: 'job', run: 'always', depends_on: needs });
    const stack = memoryStack({
      db: { image: 'db:1', restart: 'no' },
      first: job({ db: 'started' }),
      second: job({ first: 'completed' }),
      app: { image: 'app:1', depends_on: { second: 'completed' } },
    });
    const handle = await engine.client.deploy(stack);
    const nameOf = (service: string) => `${stack.name}-test-${service}-1-d1`;
    await until(() => host.instances.get(nameOf('first'))?.status.state === 'running');
    host.exit(nameOf('db'), 1);
    host.exit(nameOf('first'), 0);
    expect(await handle.result()).toMatchObject({
      outcome: 'rolled_back',
      cause: { step: 'confirm', service: 'db', message: 'db-1 exited 1 after it had started' },
    });
    const { events } = await handle.progress();
    expect(events.filter(({ code }) => code === 'step.failed')).toMatchObject([
      { step: { service: 'db', phase: 1 }, data: { message: 'db-1 exited 1 after it had started' } },
    ]);
    const begun = events.flatMap(({ code, step: of }) => (code === 'step.started' && of.phase ? [of.service] : []));
    expect(new Set(begun)).toEqual(new Set(['db', 'first']));
  });

  it('fails alone where its service may', async () => {
    const { name, handle } = await replaced({ strategy: strategies.blue_green.strategy, on_failure: 'continue' });
    await reached(handle, step('step.started', strategies.blue_green.waiting));
    host.unhealthy['web:2'] = 'sick';
    expect(await handle.result()).toMatchObject({
      outcome: 'succeeded',
      tolerated: [{ service: 'web', message: expect.stringContaining('has become unhealthy: sick') as string }],
      leftBehind: [],
    });
    expect(targets(name)).toEqual(old);
    expect(running(name)).toEqual(asBefore);
  });

  it('ends a deployment that is paused in its last step', async () => {
    const first = shop('1', { strategy: { rolling: { max_surge: 2 } } });
    await deploy(first);
    const letGo = host.holdBack('retire');
    const handle = await engine.client.deploy(shop('2', { strategy: { rolling: { max_surge: 2 } } }, {}, first.name));
    await reached(handle, step('step.started', `drain and stop ${first.name}-test-web-1-d1 and 1 more`));
    await handle.steer({ action: 'pause', by: 'ana' });
    letGo();
    await reached(handle, step('step.finished', `drain and stop ${first.name}-test-web-1-d1 and 1 more`));
    host.unhealthy['web:2'] = 'sick';
    expect(await handle.result()).toMatchObject({
      outcome: 'rolled_back',
      cause: { service: 'web', message: expect.stringContaining('has become unhealthy: sick') as string },
      leftBehind: [],
    });
    expect(targets(first.name)).toEqual(old);
    expect(running(first.name)).toEqual(asBefore);
  });

  it('gets no request where the load balancer does not reach it', async () => {
    const first = shop('1', {});
    expect(await deploy(first)).toMatchObject({ outcome: 'succeeded' });
    host.unreachable.add('web');
    const [replacement, another] = await Promise.all([deploy(shop('2', {}, {}, first.name)), deploy(shop('1', {}))]);
    const message = expect.stringContaining('the load balancer does not reach') as string;
    expect(replacement).toMatchObject({
      outcome: 'rolled_back',
      cause: {
        service: 'web',
        message: expect.stringContaining(`the load balancer does not reach ${first.name}-test-web-1-d2:8080`) as string,
      },
    });
    expect(targets(first.name)).toEqual(old);
    expect(another).toMatchObject({ outcome: 'rolled_back', cause: { step: 'confirm', service: 'web', message } });
  }, 60_000);
});
