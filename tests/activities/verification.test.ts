import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { Dependencies } from '../../src/activities/dependencies';
import { verificationActivities } from '../../src/activities/health/verification';
import type { InstanceRef } from '../../src/model/instance';
import type { InstanceStatus } from '../../src/model/instance-status';
import { RuntimeError, type Runtime } from '../../src/runtimes/runtime';

const context = {
  runtime: 'docker' as const,
  stack: 'shop',
  environment: 'test',
  deployment: 1,
  secrets: {},
  envFiles: [],
};
const status = (state: InstanceStatus['state']): InstanceStatus => ({
  state,
  hash: 'h',
  restarts: 0,
  outOfMemory: false,
  ...(state === 'exited' && { exitCode: 0 }),
});

/**
 * An engine that a crash takes down while it is looked at: what ran then is stopped, and stays so until it is started
 * again.
 */
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
  const dependencies = {
    runtimes: () => runtime,
    secrets: { learn: async () => undefined, mask: (text: string) => text },
  } as unknown as Dependencies;
  return { revived, activities: verificationActivities(dependencies) };
}

const ref = (name: string, restart: InstanceRef['restart']): InstanceRef => ({
  name,
  service: name,
  ordinal: 1,
  restart,
  stopGraceMs: 1000,
});
const run = <T>(work: (...args: never[]) => Promise<T>, ...args: unknown[]): Promise<T> =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(
    work as never,
    ...(args as never[]),
  ) as Promise<T>;

describe('before the commit, and at the gate of a phase', () => {
  const names = ['api', 'web'];
  const instances = [ref('api', 'unless-stopped'), ref('web', 'no')];

  it('starts again what a crash of the platform has stopped, and fails for what ended by itself', async () => {
    const { revived, activities } = crashing({ api: 'exited', web: 'exited' });
    expect(await run(activities.confirm, context, instances, undefined)).toMatchObject([
      { service: 'web', message: expect.stringMatching(/exited 0 after it had started \(.*make it a job/) as string },
    ]);
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

  it.each([true, undefined])(
    'what may end has completed by exit code 0, if nobody is known to have stopped it: %s',
    async (known) => {
      const once = { ...ref('init', 'no'), mayComplete: true as const };
      const ended = async (exitCode: number, isOwn: boolean | undefined) => {
        const runtime = {
          observe: async () => ({ instances: [] }),
          inspect: async () => ({ ...status('exited'), exitCode }),
          endedByItself: async () => isOwn,
          logs: async () => ({ lines: [], cursor: '' }),
        } as unknown as Runtime;
        const { confirm } = verificationActivities({
          runtimes: () => runtime,
          secrets: { learn: async () => undefined, mask: (text: string) => text },
        } as unknown as Dependencies);
        return run(confirm, context, [once], undefined);
      };
      expect(await ended(0, known)).toMatchObject([{ message: 'init-1 has completed (exit 0)', completed: true }]);
      for (const [code, isOwn] of [
        [1, known],
        [0, false],
      ] as const) {
        const [failed] = await ended(code, isOwn);
        expect(failed).toMatchObject({
          message: expect.stringContaining(`exited ${code} after it had started`) as string,
        });
        expect(failed).not.toHaveProperty('completed');
      }
    },
  );

  it.each([
    ['crashed (exit code 139, SIGSEGV) and is being restarted', { state: 'restarting', exitCode: 139 }],
    ['crashed (exit code 3) and was restarted', { state: 'running', restarts: 1 }],
    ['exited 7 after it had started', { state: 'exited', exitCode: 7 }],
    ['was created but not started', { state: 'created' }],
  ] as const)('an instance that has fallen %s', async (message, found) => {
    const runtime = {
      observe: async () => ({ instances: [] }),
      inspect: async () => ({ ...status('running'), ...found }),
      lastExit: async () => 3,
      logs: async () => ({ lines: [], cursor: '' }),
    } as unknown as Runtime;
    const activities = verificationActivities({
      runtimes: () => runtime,
      secrets: { learn: async () => undefined, mask: (text: string) => text },
    } as unknown as Dependencies);
    expect(await run(activities.confirm, context, [ref('api', 'no')], undefined)).toMatchObject([
      { message: `api-1 ${message}` },
    ]);
  });

  it.each([
    ['software', ['(its logs cannot be read here: no reading)']],
    ['platform', []],
  ] as const)('the evidence says why it holds no logs, where that is not the platform: %s', async (kind, logs) => {
    const runtime = {
      observe: async () => ({ instances: [] }),
      inspect: async () => ({ ...status('exited') }),
      logs: async () => Promise.reject(new RuntimeError(kind, 'no reading')),
    } as unknown as Runtime;
    const activities = verificationActivities({
      runtimes: () => runtime,
      secrets: { learn: async () => undefined, mask: (text: string) => text },
    } as unknown as Dependencies);
    expect(await run(activities.confirm, context, [ref('api', 'no')], undefined)).toMatchObject([
      { evidence: { logs, logLines: 0 } },
    ]);
  });

  describe('the HEALTHCHECK of an image, where nothing else checks an instance', () => {
    type Health = InstanceStatus['health'];
    const reporting = (intervalMs: number, ...healths: Health[]) => {
      let looks = 0;
      const inspect = async () => ({
        ...status('running'),
        health: healths[Math.min(looks++, healths.length - 1)],
        ownCheck: { intervalMs, problem: 'exited 3: no luck' },
      });
      const runtime = {
        observe: async () => ({ instances: [] }),
        inspect,
        logs: async () => ({ lines: [], cursor: '' }),
      } as unknown as Runtime;
      const dependencies = {
        runtimes: () => runtime,
        secrets: { learn: async () => undefined, mask: (text: string) => text },
      } as unknown as Dependencies;
      return { looks: () => looks, activities: verificationActivities(dependencies) };
    };
    const [api] = instances;

    it('is waited for before the commit, and at a gate', async () => {
      for (const look of ['confirm', 'gate']) {
        const { looks, activities } = reporting(1000, 'starting', 'starting', 'healthy');
        if (look === 'confirm') expect(await run(activities.confirm, context, [api], undefined)).toEqual([]);
        else await run(activities.passGate, context, { healthy: [api], completed: [] });
        expect(looks()).toBe(3);
      }
    });

    it('fails the deployment with what it said', async () => {
      const { activities } = reporting(1000, 'starting', 'unhealthy');
      const message =
        'api-1 is unhealthy: the HEALTHCHECK of its image exited 3: no ' +
        'luck (`health_check: {disable: true}` turns it off)';
      expect(await run(activities.confirm, context, [api], undefined)).toMatchObject([
        { service: 'api', message, evidence: { lastProbeError: 'the HEALTHCHECK of its image exited 3: no luck' } },
      ]);
    });

    it('is not waited for where it says nothing for minutes', async () => {
      const { looks, activities } = reporting(300_000, 'starting');
      expect(await run(activities.confirm, context, [api], undefined)).toEqual([]);
      expect(looks()).toBe(1);
    });
  });
});
