import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../src/guard/free-port';
import { cli } from '../support/cli';
import { docker, dockerStack, healthy, wipe } from '../support/docker-world';
import { address, startEngine, type TestEngine } from '../support/engine';
import { images } from '../support/image';
import { describeUnless, describeWith } from '../support/parts';
import { Registry } from '../support/registry';
import { TokenService } from '../support/token-service';

Registry.prepare();

const base = mkdtempSync(join(tmpdir(), 'deploy-code-bearer-'));

describeWith('docker', 'a login at a registry', () => {
  describeUnless(Registry.find(base) ? undefined : 'there is no docker-registry', 'with a token service', () => {
    const ownConfig = join(base, 'docker');
    let password = 'planted-bearer-4751';
    let tokens: TokenService;
    let registry: Registry;
    let engine: TestEngine;
    let stack: ReturnType<typeof dockerStack>;

    const logIn = (given: string) =>
      cli(['registry', 'login', registry.address, '-u', 'ana', '--password-stdin'], {
        cwd: base,
        environment: {
          TEMPORAL_ADDRESS: address(),
          TEMPORAL_NAMESPACE: 'registries-bearer',
          DOCKER_CONFIG: ownConfig,
        },
        input: Buffer.from(given),
      });
    /** Not synchronously: the token service runs in this process. */
    const runDocker = (...words: string[]) =>
      promisify(execFile)('docker', words, { env: { ...process.env, DOCKER_CONFIG: ownConfig } });
    const deploy = async () => (await engine.client.deploy(stack)).result();

    beforeAll(async () => {
      mkdirSync(ownConfig);
      tokens = new TokenService(base, await freePort(), () => password);
      await tokens.start();
      registry = Registry.find(base, { address: `127.0.0.1:${await freePort()}`, auth: tokens.auth })!;
      await registry.start();
      stack = dockerStack({ app: { image: registry.image(1), pull_policy: 'always', ...healthy } });
      process.env.DOCKER_CONFIG = join(base, 'no-docker-config');
      engine = await startEngine('registries-bearer');
    });
    afterAll(async () => {
      delete process.env.DOCKER_CONFIG;
      await wipe(stack.name);
      await engine.close();
      await registry.kill();
      await tokens.stop();
      await docker.getImage(registry.image(1)).remove({ force: true });
      rmSync(base, { recursive: true, force: true });
    });

    it('is refused with a wrong password, and lets the workers and Docker in with the right one', async () => {
      expect(await logIn('wrong-password')).toMatchObject({
        code: 2,
        stderr: `${registry.address} refuses this password of ana (401); nothing was stored\n`,
      });
      expect(await engine.client.registries.list()).toEqual([]);
      expect((await deploy()).cause!.message).toContain(`deploy-code registry login ${registry.address}`);
      expect(await logIn(password)).toMatchObject({ code: 0, stdout: expect.stringContaining('is logged in too') });
      await runDocker('tag', images.app, registry.image(1));
      await runDocker('push', '-q', registry.image(1));
      expect(await deploy()).toMatchObject({ outcome: 'succeeded' });
    });

    it('that no longer holds is refused with its user', async () => {
      password = 'planted-bearer-4752';
      expect((await deploy()).cause!.message).toContain(`${registry.address} refuses it to ana`);
    });
  });
});
