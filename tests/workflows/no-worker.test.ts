import { DeployCodeClient, NoWorker } from '../../src/client';
import type { Trouble } from '../../src/client/deployment-handle';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { cli } from '../support/cli';
import { address, startEngine } from '../support/engine';
import { memoryStack } from '../support/memory-stack';
import { writeStack } from '../support/stack';
import { until } from '../support/until';

describe('while no worker is there', () => {
  it('a deployment is followed on, everything else says so in time, and nothing is lost', async () => {
    const host = new MemoryHost();
    host.held.add('held:1');
    const runtimes = { memory: createMemoryRuntime(host) };
    const first = await startEngine('no-worker', { runtimes });
    const client = await DeployCodeClient.connect({ address: address(), namespace: 'no-worker' });
    const stack = memoryStack({ job: { image: 'held:1', kind: 'job' } });
    const file = writeStack(
      `name: ${stack.name}\nenvironment: test\ninfrastructure: {container_runtime: ` +
        'Memory}\nservices: {job: {image: "held:1", kind: job}}\n',
    );
    const where = ['-c', file, '--address', address(), '--namespace', 'no-worker'];
    try {
      const handle = await client.deploy(stack);
      await until(() => host.instances.get(`${stack.name}-test-job-1-d1`)?.status.state === 'running');
      const troubles: (Trouble | undefined)[] = [];
      const followed = (async () => {
        let last;
        for await (const progress of handle.watch(undefined, (trouble) => troubles.push(trouble))) last = progress;
        return last;
      })();
      await first.close();

      const [status, follower] = await Promise.all([
        cli(['status', ...where]),
        cli(['status', '1', '--watch', '--give-up-after', '1s', ...where]),
      ]);
      expect(status).toMatchObject({
        code: 5,
        stderr: expect.stringMatching(
          /^no worker answers(; the last one polled at [\d:]+)?\nstart one with `deploy-code worker`/,
        ) as string,
      });
      expect(follower).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('the deployment has not ended') as string,
      });
      for (const { stdout, stderr } of [status, follower])
        expect(stdout + stderr).not.toMatch(/\d+ [A-Z]+_[A-Z_]+|gRPC/);
      await expect(client.environment({ stack: stack.name, environment: 'test' })).rejects.toThrow(NoWorker);
      await until(() => troubles.length > 0);
      expect(troubles[0]).toMatchObject({
        since: expect.any(Date) as Date,
        error: {
          message: expect.stringContaining('no worker answers') as string,
          advice: expect.stringContaining('deploy-code worker') as string,
        },
      });

      const second = await startEngine('no-worker', { runtimes });
      host.exit(`${stack.name}-test-job-1-d1`, 0);
      expect(await followed).toMatchObject({ status: 'succeeded' });
      expect(troubles.at(-1)).toBeUndefined();
      expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
      await second.close();
    } finally {
      await client.close();
    }
  });
});
