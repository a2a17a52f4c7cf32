import { balancerOf } from '../../src/activities/traffic/balancer';
import type { Runtime } from '../../src/runtimes/runtime';

describe('a load balancer that a crash of Docker has left stopped', () => {
  it('is started, and waited for as the platform is', async () => {
    const states = ['exited', 'running'];
    const started: string[] = [];
    const runtime = {
      name: 'docker',
      inspect: async () => ({ state: states[0] }),
      start: async (name: string) => (started.push(name), states.shift()),
      exec: async () => ({ exitCode: 0, output: '' }),
    } as unknown as Runtime;
    const balancer = balancerOf(runtime, 'lb');
    await expect(balancer.route([{ route: 'web', targets: [] } as never])).rejects.toMatchObject({
      kind: 'platform',
      message: 'the load balancer lb does not run (exited)',
    });
    await expect(balancer.route([{ route: 'web', targets: [] } as never])).resolves.toBeUndefined();
    expect(started).toEqual(['lb']);
  });
});
