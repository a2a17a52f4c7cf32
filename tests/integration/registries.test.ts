import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Client, Connection } from '@temporalio/client';
import { freePort } from '../../src/guard/free-port';
import { payloadCodec } from '../../src/payloads/codec';
import { registriesId } from '../../src/workflows/messages';
import { cli } from '../support/cli';
import { docker, dockerStack, healthy, wipe } from '../support/docker-world';
import { address, startEngine, type TestEngine } from '../support/engine';
import { decoded } from '../support/histories';
import { images } from '../support/image';
import { describeUnless, describeWith } from '../support/parts';
import { Registry } from '../support/registry';

Registry.prepare();

/** Passwords, and the lines of a htpasswd file that let ana in with them. */
const planted = ['planted-registry-4741', 'planted-registry-4742'] as const;
const lines = [
  'ana:$2b$05$abcdefghijklmnopqrstuuni.tq8MLGoM7kQ03syfT75TH6b9Uz5.',
  'ana:$2b$05$abcdefghijklmnopqrstuujJLiZSUnYwWtrlBVydJWr/4C.WTJhnC',
];
const base = mkdtempSync(join(tmpdir(), 'deploy-code-registries-'));

describeWith('docker', 'a login at a registry', () => {
  describeUnless(Registry.find(base) ? undefined : 'there is no docker-registry', 'with a password', () => {
    const passwords = join(base, 'htpasswd');
    const ownConfig = join(base, 'docker');
    const logged: string[] = [];
    let registry: Registry;
    let engine: TestEngine;
    let image: string;
    let stack: ReturnType<typeof dockerStack>;

    const start = (dataDir?: string) =>
      startEngine('registries', {
        log: new Writable({ write: (chunk: Buffer, _, done) => (logged.push(chunk.toString()), done()) }),
        ...(dataDir !== undefined && { dataDir }),
      });
    const run = (words: string[], input?: string) =>
      cli(['registry', ...words], {
        cwd: base,
        environment: { TEMPORAL_ADDRESS: address(), TEMPORAL_NAMESPACE: 'registries', DOCKER_CONFIG: ownConfig },
        ...(input !== undefined && { input: Buffer.from(input) }),
      });
    const logIn = (password: string, ...more: string[]) =>
      run(['login', registry.address, '-u', 'ana', '--password-stdin', ...more], `${password}\n`);
    const deploy = async () => (await engine.client.deploy(stack)).result();
    const dockerAs = (...words: string[]) =>
      execFileSync('docker', words, { env: { ...process.env, DOCKER_CONFIG: ownConfig }, stdio: 'pipe' });

    beforeAll(async () => {
      writeFileSync(passwords, `${lines[0]}\n`);
      mkdirSync(ownConfig);
      registry = Registry.find(base, {
        address: `127.0.0.1:${await freePort()}`,
        auth: { htpasswd: { realm: 'tests', path: passwords } },
      })!;
      await registry.start();
      image = registry.image(1);
      stack = dockerStack({ app: { image, pull_policy: 'always', ...healthy } });
      process.env.DOCKER_CONFIG = join(base, 'no-docker-config');
      engine = await start();
    });
    afterAll(async () => {
      delete process.env.DOCKER_CONFIG;
      delete process.env.DEPLOY_CODE_FORMER_KEY_FILES;
      await wipe(stack.name);
      await engine.close();
      await registry.kill();
      await docker.getImage(image).remove({ force: true });
      rmSync(base, { recursive: true, force: true });
    });

    it('is asked for by the command that makes it', async () => {
      const { outcome, cause } = await deploy();
      expect(outcome).not.toBe('succeeded');
      expect(cause!.message).toContain(`log in with \`deploy-code registry login ${registry.address}\``);
    });

    it('is not stored with a wrong password', async () => {
      const { code, stderr } = await logIn('wrong-password');
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: `${registry.address} refuses this password of ana (401); nothing was stored\n`,
      });
      expect(await engine.client.registries.list()).toEqual([]);
    });

    it('is made for the workers and for the Docker of this machine, and lets both in', async () => {
      const { code, stdout } = await logIn(planted[0]);
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout:
          `the workers are logged in at ${registry.address} as ana; their next pull uses it\n` +
          'Docker of this machine is logged in too, to build and push here\n',
      });
      dockerAs('tag', images.app, image);
      dockerAs('push', '-q', image);
      expect(await deploy()).toMatchObject({ outcome: 'succeeded' });
      expect((await run(['list'])).stdout).toMatch(
        new RegExp(`^REGISTRY +USER +SINCE +BY\n${registry.address} +ana +[0-9: -]+ \\S+@\\S+\n$`),
      );
    });

    it('that no longer holds is named with its user, and a new one counts at the next pull', async () => {
      writeFileSync(passwords, `${lines[1]}\n`);
      expect((await deploy()).cause!.message).toContain(
        `${registry.address} refuses it to ana: log in again with \`deploy-code registry login`,
      );
      expect(await logIn(planted[1], '--worker-only')).toMatchObject({
        code: 0,
        stdout: expect.not.stringMatching('too'),
      });
      expect(await deploy()).toMatchObject({ outcome: 'unchanged' });
    });

    it('is sealed anew with the key of the engine, and counts all the while', async () => {
      const { dataDir } = engine;
      await engine.close();
      renameSync(join(dataDir, 'installation.key'), join(dataDir, 'former.key'));
      process.env.DEPLOY_CODE_FORMER_KEY_FILES = join(dataDir, 'former.key');
      engine = await start(dataDir);
      expect(await deploy()).toMatchObject({ outcome: 'unchanged' });
      const place = { stack: stack.name, environment: 'test' };
      const former = (await engine.client.secrets.keys(place)).uses;
      expect(former).toEqual([expect.objectContaining({ registries: [registry.address] })]);
      expect(await engine.client.registries.reseal()).toEqual([registry.address]);
      expect(await engine.client.registries.reseal()).toEqual([]);
      const { current, uses } = await engine.client.secrets.keys(place);
      expect(uses).toEqual([expect.objectContaining({ key: current, registries: [registry.address] })]);
      expect(await deploy()).toMatchObject({ outcome: 'unchanged' });
    });

    it('is removed for the workers and for the Docker of this machine', async () => {
      const { code, stdout } = await run(['logout', registry.address]);
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: `the workers are logged out of ${registry.address}\n` + 'Docker of this machine is logged out too\n',
      });
      expect(readFileSync(join(ownConfig, 'config.json'), 'utf8')).not.toContain(registry.address);
      expect((await deploy()).cause!.message).toContain('deploy-code registry login');
      await expect(engine.client.registries.logout(registry.address)).rejects.toThrow('have no login at');
    });

    it('at a registry that cannot check it is stored only on request', async () => {
      const nowhere = `127.0.0.1:${await freePort()}`;
      const credential = { user: 'ana', password: planted[0] };
      await expect(engine.client.registries.login(nowhere, credential)).rejects.toThrow(
        /cannot check the password from here: ECONNREFUSED. Nothing was stored; .* --no-verify/,
      );
      expect(await engine.client.registries.list()).toEqual([]);
      await engine.client.registries.login('HTTPS://Index.Docker.io/', credential, { verify: false, by: 'ben' });
      expect(await engine.client.registries.list()).toMatchObject([{ registry: 'docker.io', user: 'ana', by: 'ben' }]);
    });

    it('is in the audit trail of the installation, and no password anywhere', async () => {
      const { records, broken } = await engine.client.registries.audit();
      expect(broken).toBeUndefined();
      expect(records.map(({ what }) => what)).toEqual([
        `registry login ${registry.address} as ana`,
        `registry login ${registry.address} as ana`,
        'registry reseal',
        'registry reseal',
        `registry logout ${registry.address}`,
        'registry login docker.io as ana',
      ]);
      expect(records.at(-1)).toMatchObject({ by: 'ben', result: 'asked for' });
      const histories = await allHistories();
      expect(histories).toContain(registriesId);
      for (const value of planted)
        for (const form of [value, Buffer.from(value).toString('base64').replace(/=+$/, '')])
          for (const text of [histories, logged.join('\n')]) expect(text.includes(form)).toBe(false);
    });

    /** Everything of every workflow of the namespace, decoded. */
    const allHistories = async () => {
      const connection = await Connection.connect({ address: address() });
      const temporal = new Client({
        connection,
        namespace: 'registries',
        dataConverter: { payloadCodecs: [payloadCodec()] },
      });
      const texts: string[] = [];
      for await (const { workflowId } of temporal.workflow.list()) {
        const history = await temporal.workflow
          .getHandle(workflowId)
          .fetchHistory()
          .catch(() => undefined);
        texts.push(workflowId, await decoded(history?.events));
      }
      await connection.close();
      return texts.join('\n');
    };
  });
});
