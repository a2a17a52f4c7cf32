import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretStore } from '../../src/activities/secrets';
import { createDockerRuntime } from '../../src/runtimes/docker';
import { connectDocker } from '../../src/runtimes/docker/api/connection';
import { images } from '../support/image';
import { describeUnless } from '../support/parts';
import { SshServer } from '../support/ssh-server';
import { spec, testScope } from './contract';

describeUnless(
  existsSync('/usr/bin/ssh')
    ? process.env.DEPLOY_CODE_TEST_DOCKER?.replace('ready', '') || undefined
    : 'there is no ssh',
  'a Docker Engine by ssh',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'deploy-code-ssh-'));
    const server = new SshServer(folder, '/var/run/docker.sock');
    const runtimeAt = (url: string) =>
      createDockerRuntime(new SecretStore(folder), connectDocker({ url })).within(testScope);
    let port: number;
    let restorePath: () => void;
    beforeAll(async () => {
      port = await server.start();
      restorePath = server.introduce();
    });
    afterAll(() => {
      restorePath();
      server.stop();
    });

    it('does all that one beside the worker does', async () => {
      const runtime = runtimeAt(`ssh://tester@127.0.0.1:${port}`);
      const instance = spec('remote', {
        image: images.app,
        ports: [{ container: 8080, host: 28_080, protocol: 'tcp' }],
        files: [{ path: '/etc/app.conf', content: 'hello', mode: 0o444 }],
      });
      await runtime.create(instance);
      try {
        await runtime.start(instance.name);
        expect(await runtime.exec(instance.name, ['cat', '/etc/app.conf'], 5000)).toEqual({
          exitCode: 0,
          output: 'hello',
        });
        expect(await runtime.address!(instance.name, 8080)).toEqual({ host: '127.0.0.1', port: 28_080 });
        expect((await runtime.logs(instance.name, { tail: 5 })).lines).toContain('serving version 1');
        const exit = runtime.waitForExit(instance.name, new AbortController().signal);
        await runtime.retire(instance);
        expect(await exit).toBe(0);
        await Promise.all(Array.from({ length: 6 }, () => runtime.inspect(instance.name)));
      } finally {
        await runtime.remove(instance);
      }
    });

    it("that lets nobody in is the platform's trouble, with what ssh says", async () => {
      const away = runtimeAt('ssh://tester@127.0.0.1:1');
      await expect(away.inspect('any')).rejects.toMatchObject({
        kind: 'platform',
        message: expect.stringMatching(/does not answer \(ssh 127\.0\.0\.1: .*refused/),
      });
    });
  },
);
