import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { statusTable } from '../../src/cli/output/status-table';
import { readingActivities } from '../../src/activities/observe/reading';
import { ranOutOfMemory, withMemory } from '../../src/activities/instances/memory';
import type { Dependencies } from '../../src/activities/dependencies';
import { hostPort } from '../../src/model/names/host-port';
import type { InstanceStatus } from '../../src/model/instance-status';
import { RuntimeError, type Runtime } from '../../src/runtimes/runtime';
import { memoryStack } from '../support/memory-stack';

const activitiesOn = (runtime: object) =>
  readingActivities({
    runtimes: () => runtime,
    secrets: { learn: async () => undefined, mask: (text: string) => text },
    rules: { policy: {} },
  } as unknown as Dependencies);
const run = <T>(work: () => Promise<T>): Promise<T> =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(work);
const status = (more: Partial<InstanceStatus>): InstanceStatus => ({
  state: 'running',
  hash: 'x',
  outOfMemory: false,
  restarts: 0,
  startedAt: Date.now() - 3_600_000,
  ...more,
});
const observed = (name: string, more: object = {}) => ({
  name,
  service: 'api',
  ordinal: Number(name.at(-1)),
  image: 'api:1',
  state: 'running',
  kind: 'service',
  deployment: 1,
  release: 1,
  ports: [],
  ...more,
});

describe('what people are shown of what runs', () => {
  it('reports crash loops and memory that ran out, and counts neither as running', async () => {
    const statuses: Record<string, InstanceStatus> = {
      'api-1': status({ restarts: 7, startedAt: Date.now() - 900 }),
      'api-2': status({ state: 'restarting', restarts: 3 }),
      'api-3': status({ restarts: 5 }),
      'api-4': status({ state: 'exited', exitCode: 137, outOfMemory: true }),
      'api-5': status({}),
    };
    const runtime = {
      observe: async () => ({
        instances: Object.keys(statuses).map((name) => observed(name, { state: statuses[name]!.state })),
      }),
      inspect: async (name: string) => statuses[name],
      ranOutOfMemory: async (name: string) => name === 'api-1',
    };
    const lines = await run(() => activitiesOn(runtime).describeInstances(memoryStack({ api: { image: 'api:1' } })));
    expect(lines.map(({ name, health, restarts, outOfMemory }) => [name, health, restarts, outOfMemory])).toEqual([
      ['api-1', 'crash loop, out of memory', 7, true],
      ['api-2', 'crash loop', 3, undefined],
      ['api-3', '-', 5, undefined],
      ['api-4', 'down, out of memory', 0, true],
      ['api-5', '-', 0, undefined],
    ]);
    expect(statusTable(lines)[1]).toMatch(/^api {6}2\/5 {2}crash loop, out of memory {2}api:1 +15$/);
  });

  it('shows the logs of the others where those of one cannot be read, and why', async () => {
    const refusing = (kind: 'software' | 'platform') => ({
      logs: async (name: string) =>
        name === 'mute-1'
          ? Promise.reject(new RuntimeError(kind, 'no reading'))
          : { lines: [`log of ${name}`], cursor: 'c' },
    });
    const read = (kind: 'software' | 'platform') =>
      run(() =>
        activitiesOn(refusing(kind)).readLogs(
          { runtime: 'docker', stack: 'a', environment: 'b', deployment: 1, secrets: {}, envFiles: [] },
          ['mute-1', 'loud-1'],
          10,
          {},
        ),
      );
    expect(await read('software')).toEqual([
      { name: 'mute-1', lines: [], cursor: '', unreadable: 'no reading' },
      { name: 'loud-1', lines: ['log of loud-1'], cursor: 'c' },
    ]);
    await expect(read('platform')).rejects.toMatchObject({ type: 'PlatformTrouble' });
  });

  it('shows the others where one cannot be looked at, and names what is paused or was never started', async () => {
    const runtime = {
      observe: async () => ({ instances: ['api-1', 'api-2', 'api-3', 'api-4'].map((name) => observed(name)) }),
      inspect: async (name: string) =>
        name === 'api-1'
          ? Promise.reject(new RuntimeError('software', 'it is broken'))
          : status(name === 'api-2' ? { state: 'paused' } : name === 'api-3' ? { state: 'created' } : {}),
    };
    const lines = await run(() => activitiesOn(runtime).describeInstances(memoryStack({ api: { image: 'api:1' } })));
    expect(lines.map(({ state, health }) => [state, health])).toEqual([
      ['running', 'unknown (it is broken)'],
      ['paused', 'paused'],
      ['created', 'not started'],
      ['running', '-'],
    ]);
    const away = { ...runtime, inspect: async () => Promise.reject(new RuntimeError('platform', 'Docker is away')) };
    await expect(
      run(() => activitiesOn(away).describeInstances(memoryStack({ api: { image: 'api:1' } }))),
    ).rejects.toMatchObject({ type: 'PlatformTrouble' });
  });

  it('judges by the timeout of the check itself, and judges nothing where a check takes too long', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const check = (timeoutMs: number, needsMs: number, exitCode = 0) => ({
      healthCheck: { probe: { kind: 'command', command: ['check', String(needsMs), String(exitCode)] }, timeoutMs },
    });
    const instances = [
      observed('slow-1', check(30_000, 4000)),
      observed('late-2', check(5000, 20_000)),
      observed('endless-3', check(30_000, 20_000)),
      observed('sick-4', check(30_000, 4000, 1)),
      observed('away-5', check(30_000, -1)),
    ];
    const exec = async (_: string, [, needsMs, exitCode]: string[], timeoutMs: number) => {
      if (needsMs === '-1') throw new RuntimeError('platform', 'Docker is away');
      await new Promise((resolve) => setTimeout(resolve, Math.min(Number(needsMs), timeoutMs)));
      return { exitCode: Number(needsMs) > timeoutMs ? 137 : Number(exitCode), output: '' };
    };
    const runtime = { observe: async () => ({ instances }), inspect: async () => status({}), exec };
    const read = run(() => activitiesOn(runtime).describeInstances(memoryStack({ api: { image: 'api:1' } })));
    await jest.advanceTimersByTimeAsync(10_000);
    jest.useRealTimers();
    expect((await read).map(({ name, health }) => [name, health])).toEqual([
      ['slow-1', 'healthy'],
      ['late-2', 'unhealthy'],
      ['endless-3', 'unknown (its check takes more than 10 s)'],
      ['sick-4', 'unhealthy'],
      ['away-5', 'unknown (Docker is away)'],
    ]);
  });

  it('shows addresses of IPv6 in brackets, so that the port can be told from them', async () => {
    const ports = [
      { container: 80, host: 8080, hostIp: '::1' },
      { container: 80, host: 8081, hostIp: '127.0.0.1' },
      { container: 80, host: 8082 },
    ];
    const runtime = {
      observe: async () => ({ instances: [observed('api-1', { ports })] }),
      inspect: async () => status({}),
    };
    const [line] = await run(() => activitiesOn(runtime).describeInstances(memoryStack({ api: { image: 'api:1' } })));
    expect(line!.ports).toEqual(['[::1]:8080->80', '127.0.0.1:8081->80', '8082->80']);
    expect([hostPort('::1', 80), hostPort('[::1]', 80), hostPort('localhost', '80')]).toEqual([
      '[::1]:80',
      '[::1]:80',
      'localhost:80',
    ]);
  });

  it('shows the logs of the others where those of one do not come', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const logs = (name: string) =>
      name === 'slow-1' ? new Promise(() => undefined) : Promise.resolve({ lines: [`log of ${name}`], cursor: 'c' });
    const read = run(() =>
      activitiesOn({ logs }).readLogs(
        { runtime: 'docker', stack: 'a', environment: 'b', deployment: 1, secrets: {}, envFiles: [] },
        ['slow-1', 'loud-1'],
        10,
        {},
      ),
    );
    await jest.advanceTimersByTimeAsync(25_000);
    jest.useRealTimers();
    expect(await read).toEqual([
      { name: 'slow-1', lines: [], cursor: '', unreadable: 'no answer within 25 s' },
      { name: 'loud-1', lines: ['log of loud-1'], cursor: 'c' },
    ]);
  });

  it('reads each log once, of a few instances at a time, and no more than a page of it', async () => {
    let [open, most] = [0, 0];
    const asked: [string, number][] = [];
    const logs = async (name: string, { tail }: { tail: number }) => {
      asked.push([name, tail]);
      most = Math.max(most, (open += 1));
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return { lines: [name], cursor: 'c' };
    };
    const names = Array.from({ length: 40 }, (_, index) => `api-${index % 20}`);
    const found = await run(() =>
      activitiesOn({ logs }).readLogs(
        { runtime: 'docker', stack: 'a', environment: 'b', deployment: 1, secrets: {}, envFiles: [] },
        names,
        1e9,
        {},
      ),
    );
    expect(found.map(({ name }) => name)).toEqual(names.slice(0, 20));
    expect({ asked: asked.length, tails: new Set(asked.map(([, tail]) => tail)), most }).toEqual({
      asked: 20,
      tails: new Set([10_000]),
      most: 4,
    });
  });

  it('knows of memory by the state, by records of a child or before a restart, and by late records', async () => {
    let looks = 0;
    const late = { ranOutOfMemory: async () => (looks += 1) > 1 } as unknown as Runtime;
    const never = { ranOutOfMemory: async () => false } as unknown as Runtime;
    expect(await ranOutOfMemory(never, 'a', { outOfMemory: true })).toBe(true);
    expect(await ranOutOfMemory(never, 'a', { outOfMemory: false, exitCode: 1 })).toBe(false);
    expect(await ranOutOfMemory({} as Runtime, 'a', { outOfMemory: false, exitCode: 137 })).toBe(false);
    expect(await ranOutOfMemory(late, 'a', { outOfMemory: false, exitCode: 137 })).toBe(true);
    expect([withMemory('api-1 exited 137', { outOfMemory: true }), withMemory('api-1 exited 1', {})]).toEqual([
      'api-1 exited 137, out of memory',
      'api-1 exited 1',
    ]);
  });
});
