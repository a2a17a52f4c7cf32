import { awaitHealthy, healthyWithinMs, startUntilHealthy } from '../../src/activities/health/await-healthy';
import type { InstanceRef } from '../../src/model/instance';
import type { InstanceStatus } from '../../src/model/instance-status';
import type { Runtime } from '../../src/runtimes/runtime';
import { RuntimeError } from '../../src/runtimes/runtime';
import { until } from '../support/until';

const check = {
  probe: { kind: 'command' as const, command: ['check'] },
  intervalMs: 100,
  timeoutMs: 1000,
  retries: 3,
  startPeriodMs: 0,
};
const ref = (
  restart: InstanceRef['restart'] = 'unless-stopped',
  healthCheck: InstanceRef['healthCheck'] = check,
): InstanceRef => ({ name: 'api', service: 'api', ordinal: 1, restart, stopGraceMs: 0, healthCheck });
const running: InstanceStatus = { state: 'running', hash: 'h', outOfMemory: false, restarts: 0 };

/** A runtime that reports what it is told; an exit is announced by calling `exit`. */
function fake(statuses: InstanceStatus[], problems: (string | undefined)[] = [undefined]) {
  const exits: ((code: number) => void)[] = [];
  const started: string[] = [];
  let probes = 0;
  const runtime = {
    inspect: async () => (statuses.length > 1 ? statuses.shift() : statuses[0]),
    start: async (name: string) => void started.push(name),
    revive: async ({ name }: InstanceRef) => void started.push(name),
    probe: async () => problems[Math.min(probes++, problems.length - 1)],
    waitForExit: (_: string, signal: AbortSignal) =>
      new Promise<number | undefined>((resolve) => {
        exits.push(resolve);
        signal.addEventListener('abort', () => resolve(undefined), { once: true });
      }),
  } as unknown as Runtime;
  return { runtime, exits, started, probes: () => probes };
}

const options = (more = {}) => ({
  fresh: true,
  afterTrouble: false,
  usedMs: 0,
  signal: new AbortController().signal,
  onProbe: () => undefined,
  ...more,
});

describe('waiting for health', () => {
  it('probes within milliseconds, not at the next tick of the interval', async () => {
    const { runtime } = fake([running], ['no', 'no', undefined]);
    const begin = Date.now();
    expect(await awaitHealthy(runtime, ref('no', { ...check, intervalMs: 60_000 }), options())).toBeUndefined();
    expect(Date.now() - begin).toBeLessThan(5000);
  });

  it('is over when what may end has ended with exit code 0, also after an attempt that its policy allows', async () => {
    const ended = { ...running, state: 'exited' as const, exitCode: 0, restarts: 1 };
    const once = { ...ref('on-failure:1', undefined), mayComplete: true as const };
    expect(await awaitHealthy(fake([ended]).runtime, once, options())).toBeUndefined();
    for (const [instance, exitCode] of [
      [ref('no', undefined), 0],
      [once, 3],
    ] as const)
      expect(await awaitHealthy(fake([{ ...ended, exitCode }]).runtime, instance, options())).toMatchObject({
        message: expect.stringContaining(`exited ${exitCode}`) as string,
      });
  });

  it('is patient for the start period and then for retries, an interval apart', async () => {
    expect(healthyWithinMs({ ...check, startPeriodMs: 500 })).toBe(800);
    const { runtime, probes } = fake([running], ['connection refused']);
    expect(await awaitHealthy(runtime, ref(), options())).toMatchObject({
      message: expect.stringMatching(/^is not healthy after 0\.\d s$/),
      lastProbeError: 'connection refused',
    });
    expect(probes()).toBeGreaterThan(3);
  });

  it('goes on with the time that earlier attempts have used up', async () => {
    const { runtime, probes } = fake([running], ['still starting']);
    await awaitHealthy(runtime, ref(), options({ usedMs: 10_000 }));
    expect(probes()).toBe(1);
  });

  it('sees an exit as it happens, with its code', async () => {
    const { runtime, exits } = fake([running, { ...running, state: 'restarting' }], ['no']);
    const waiting = awaitHealthy(runtime, ref('unless-stopped', { ...check, intervalMs: 60_000 }), options());
    await until(() => exits.length > 0);
    exits[0]!(3);
    expect(await waiting).toMatchObject({ message: 'exited 3', lastProbeError: 'no' });
  });

  it('knows what the platform has stopped from what has exited, where the policy would have restarted it', async () => {
    const stopped = { ...running, state: 'exited' as const, exitCode: 0 };
    const watch = (restart: InstanceRef['restart'], restartsWhatExits: boolean) =>
      awaitHealthy({ ...fake([stopped], ['no']).runtime, restartsWhatExits }, ref(restart), options());
    await expect(watch('unless-stopped', true)).rejects.toMatchObject({
      kind: 'platform',
      message:
        'api was stopped from outside, usually by the Docker Engine: after an exit of its own, its ' +
        'policy would have restarted it',
    });
    const ended = { message: expect.stringMatching(/^exited 0 \(.*make it a job: `kind: job`/) as string };
    expect(await watch('on-failure:3', true)).toMatchObject(ended);
    expect(await watch('unless-stopped', false)).toMatchObject(ended);
  });

  it.each([
    ['paused', 'is paused'],
    ['created', 'was created but not started'],
  ] as const)('says of an instance that is %s that it %s', async (state, message) => {
    expect(await awaitHealthy(fake([{ ...running, state }], ['no']).runtime, ref(), options())).toMatchObject({
      message,
    });
  });

  it('counts a restart that nobody saw, unless the instance is an old one', async () => {
    const restarted = { ...running, restarts: 1 };
    expect(
      await awaitHealthy(
        fake([restarted], ['no']).runtime,
        ref('unless-stopped', { ...check, intervalMs: 60_000 }),
        options(),
      ),
    ).toMatchObject({ message: 'exited (exit code unknown)' });
    expect(await awaitHealthy(fake([restarted]).runtime, ref(), options({ fresh: false }))).toBeUndefined();
  });

  it('bears as many restarts as on-failure:N allows', async () => {
    expect(
      await awaitHealthy(fake([{ ...running, restarts: 2 }]).runtime, ref('on-failure:2'), options()),
    ).toBeUndefined();
    expect(
      await awaitHealthy(
        fake([{ ...running, state: 'exited', exitCode: 4, restarts: 2 }], ['no']).runtime,
        ref('on-failure:2'),
        options(),
      ),
    ).toMatchObject({ message: 'exited 4' });
  });

  it('starts what the platform has stopped while it was away', async () => {
    const { runtime, started } = fake([{ ...running, state: 'exited', exitCode: 137 }, running]);
    expect(await awaitHealthy(runtime, ref(), options({ afterTrouble: true }))).toBeUndefined();
    expect(started).toEqual(['api']);
  });

  it('makes anew what half a start has left so that it cannot be started', async () => {
    const calls: string[] = [];
    const { runtime } = fake([running]);
    const stuck = Object.assign(new RuntimeError('software', 'task already exists'), { reason: 'stuck' as const });
    Object.assign(runtime, {
      create: async () => void calls.push('create'),
      remove: async () => void calls.push('remove'),
      start: async () => (calls.push('start'), calls.includes('remove') ? undefined : Promise.reject(stuck)),
    });
    expect(
      await startUntilHealthy(runtime, { ...ref(), hash: 'h' } as never, { ...options(), onStart: () => undefined }),
    ).toBeUndefined();
    expect(calls).toEqual(['create', 'start', 'remove', 'create', 'start']);
  });

  it('says when something else has removed the instance', async () => {
    const { runtime } = fake([undefined as never], ['no']);
    expect(await awaitHealthy(runtime, ref(), options())).toMatchObject({
      message: 'is gone: something else removed it',
    });
  });

  it("leaves the platform's trouble to the workflow", async () => {
    const { runtime } = fake([running]);
    runtime.probe = async () => {
      throw new RuntimeError('platform', 'Docker is away');
    };
    await expect(awaitHealthy(runtime, ref(), options())).rejects.toMatchObject({ kind: 'platform' });
  });

  it('ends when it is cancelled', async () => {
    const stop = new AbortController();
    const waiting = awaitHealthy(
      fake([running], ['no']).runtime,
      ref('no', { ...check, intervalMs: 60_000 }),
      options({ signal: stop.signal }),
    );
    stop.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
  });
});
