import { watchRollout } from '../../src/activities/health/rollout-watch';
import type { InstanceRef } from '../../src/model/instance';
import type { InstanceStatus } from '../../src/model/instance-status';
import type { Runtime } from '../../src/runtimes/runtime';

const check = {
  probe: { kind: 'command' as const, command: ['check'] },
  intervalMs: 1,
  timeoutMs: 1000,
  retries: 2,
  startPeriodMs: 0,
};
const instance = (more: Partial<InstanceRef> = {}): InstanceRef => ({
  name: 'db',
  service: 'db',
  ordinal: 1,
  restart: 'no',
  stopGraceMs: 0,
  healthCheck: check,
  ...more,
});
const running: InstanceStatus = { state: 'running', hash: 'h', outOfMemory: false, restarts: 0 };

describe('a watch for deaths only', () => {
  const watch = (
    statusAt: (look: number) => Partial<InstanceStatus>,
    more: Partial<InstanceRef> = {},
    started = ['db'],
  ) => {
    let looks = 0;
    const runtime = {
      inspect: async () => ({ ...running, ...statusAt(++looks) }),
      probe: async () => 'connection refused',
    } as unknown as Runtime;
    const signal = new AbortController().signal;
    const deathsOnly = { started };
    return watchRollout({ runtime, instances: [instance(more)], deathsOnly, onBaselines: () => undefined, signal });
  };
  const unhealthyUntil = (look: number, then: Partial<InstanceStatus>) =>
    watch((at) => (at < look ? { health: 'unhealthy' } : then));

  it('bears a service that does not answer for a while, and reports its end', async () => {
    expect(await unhealthyUntil(5, { state: 'exited', exitCode: 137 })).toMatchObject({
      message: 'exited 137 after it had started',
    });
    expect(await unhealthyUntil(5, { restarts: 1 })).toMatchObject({ message: 'crashed and was restarted' });
  });

  it('reports at the first look what had started and is down', async () => {
    expect(await watch(() => ({ state: 'exited', exitCode: 1 }))).toMatchObject({
      message: 'exited 1 after it had started',
    });
  });

  it('counts restarts from the first look where a start may have needed some', async () => {
    const restarts = (at: number) => ({ restarts: at < 3 ? 2 : 3 });
    expect(await watch(restarts, { restart: 'on-failure:5' })).toMatchObject({ message: 'crashed and was restarted' });
  });
});
