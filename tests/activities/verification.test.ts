import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { Dependencies } from '../../src/activities/dependencies';
import { verificationActivities } from '../../src/activities/verification';
import type { InstanceRef } from '../../src/model/instance';
import type { InstanceStatus } from '../../src/model/instance-status';
import type { Runtime } from '../../src/runtimes/runtime';

const context = { runtime: 'docker' as const, stack: 'shop', environment: 'test', deployment: 1, secrets: {}, envFiles: [] };
const status = (state: InstanceStatus['state']): InstanceStatus => ({ state, hash: 'h', restarts: 0, outOfMemory: false, ...(state === 'exited' && { exitCode: 0 }) });

/** An engine that a crash takes down while it is looked at: what ran then is stopped, and stays so until it is started again. */
function crashing(states: Record<string, InstanceStatus['state']>) {
  const revived: string[] = [];
  const runtime = {
    restartsWhatExits: true,
    observe: async () => ({ instances: [] }),
    inspect: async (name: string) => status(states[name] ?? 'missing'),
    revive: async ({ name }: InstanceRef) => {
      revived.push(name);
      states[name] = 'running';
    },
    waitForExit: () => new Promise(() => undefined),
    logs: async () => ({ lines: [], cursor: '' }),
  } as unknown as Runtime;
  const dependencies = { runtimes: () => runtime, secrets: { learn: async () => undefined, mask: (text: string) => text } } as unknown as Dependencies;
  return { revived, activities: verificationActivities(dependencies) };
}

const ref = (name: string, restart: InstanceRef['restart']): InstanceRef => ({ name, service: name, ordinal: 1, restart, stopGraceMs: 1000 });
const run = <T>(work: (...args: never[]) => Promise<T>, ...args: unknown[]): Promise<T> => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(work as never, ...(args as never[])) as Promise<T>;

describe('before the commit, and at the gate of a phase', () => {
  const names = ['api', 'web'];
  const instances = [ref('api', 'unless-stopped'), ref('web', 'no')];

  it('what a crash of the platform has stopped meanwhile is started again, and what ended by itself is a failure', async () => {
    const { revived, activities } = crashing({ api: 'exited', web: 'exited' });
    expect(await run(activities.confirm, context, instances, undefined)).toMatchObject([{ service: 'web', message: expect.stringContaining('exited 0 after it had started') as string }]);
    expect(revived).toEqual(['api']);
  });

  it('a gate opens for it, too', async () => {
    const { revived, activities } = crashing({ api: 'exited', web: 'running' });
    await run(activities.passGate, context, { healthy: instances, completed: [] });
    expect(revived).toEqual(['api']);
  });

  it('nothing is touched that runs', async () => {
    const { revived, activities } = crashing(Object.fromEntries(names.map((name) => [name, 'running' as const])));
    expect(await run(activities.confirm, context, instances, undefined)).toEqual([]);
    expect(revived).toEqual([]);
  });
});
