import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Client, Connection } from '@temporalio/client';
import { loadStack } from '../../src/config';
import { payloadCodec } from '../../src/payloads/codec';
import { address, startEngine, type TestEngine } from '../support/engine';
import { cli } from '../support/cli';
import { docker, dockerStack, healthy, wipe } from '../support/docker-world';
import { decoded } from '../support/histories';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { uniqueName } from '../support/stack';
import { until } from '../support/until';

/** Code of gRPC. */
const notFound = 5;

describeWith('docker', 'secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-secrets-'));
  const planted = [
    'file-secret-4711',
    'variable-secret-4712',
    'env-file-secret-4713',
    'rotated-secret-4714',
    'rotated-again-4715',
    'given-secret-4716',
    'stored-secret-4717',
    'stored-anew-4718',
    'stored-file-4719',
    'registry-secret-4720',
  ];
  const file = join(folder, 'password');
  const envFile = join(folder, 'app.env');
  const logged: string[] = [];
  let engine: TestEngine;
  let temporal: Client;
  const used = new Set<string>();

  const start = (dataDir?: string) =>
    startEngine('secrets', {
      port: 0,
      log: new Writable({ write: (chunk: Buffer, _, done) => (logged.push(chunk.toString()), done()) }),
      ...(dataDir !== undefined && { dataDir }),
    });

  beforeAll(async () => {
    writeFileSync(file, `${planted[0]}\n`);
    writeFileSync(envFile, `API_TOKEN=${planted[2]}\nHARMLESS=yes\n`);
    process.env.PLANTED = planted[1];
    engine = await start();
    temporal = new Client({
      connection: await Connection.connect({ address: address() }),
      namespace: 'secrets',
      dataConverter: { payloadCodecs: [payloadCodec()] },
    });
  });
  afterAll(async () => {
    delete process.env.DEPLOY_CODE_FORMER_KEY_FILES;
    for (const stack of used) await wipe(stack);
    await temporal.connection.close();
    await engine.close();
  });

  const stack = (command: string, name?: string) => {
    const made = dockerStack(
      {
        app: {
          image: images.app,
          command: ['sh', '-c', command],
          env_file: envFile,
          ...healthy,
          secrets: ['password', { source: 'token', environment: 'TOKEN' }],
        },
      },
      { secrets: { password: { file }, token: { environment: 'PLANTED' } } },
    );
    used.add(made.name);
    return name ? { ...made, name } : made;
  };

  /** Answered queries are deleted, and listed for a while. */
  const unlessDeleted = (error: { code?: number }) => {
    if (error.code !== notFound) throw error;
  };

  /** Every payload, memo, summary and failure of every workflow of the namespace, decoded. */
  const histories = async () => {
    const texts: string[] = [];
    for await (const { workflowId } of temporal.workflow.list()) {
      const history = await temporal.workflow.getHandle(workflowId).fetchHistory().catch(unlessDeleted);
      if (history) texts.push(await decoded(history.events));
    }
    return texts.join('\n');
  };

  it('reach the container as files and variables', async () => {
    const made = stack('cat /run/secrets/password; echo; echo "$$TOKEN $$API_TOKEN"; exec /bin/app');
    expect(await (await engine.client.deploy(made)).result()).toMatchObject({ outcome: 'succeeded' });
    const raw = await docker.getContainer(`${made.name}-test-app-1-d1`).logs({ stdout: true });
    for (const value of planted.slice(0, 3)) expect(raw.toString()).toContain(value);
  });

  it('replace the service that uses them when they change, and no other', async () => {
    const made = stack('exec /bin/app');
    await (await engine.client.deploy(made)).result();
    expect(await (await engine.client.deploy(made)).result()).toMatchObject({ outcome: 'unchanged' });
    writeFileSync(file, planted[3]!);
    expect((await engine.client.plan(made)).plan.phases[0]!.services[0]).toMatchObject({
      action: 'replace',
      changes: [{ key: 'secrets' }],
    });
    expect(await (await engine.client.deploy(made)).result()).toMatchObject({ outcome: 'succeeded', changed: ['app'] });
  });

  it('that a crashing service prints are masked in the evidence, the logs and the output of commands', async () => {
    const made = stack('cat /run/secrets/password; echo; echo "$$TOKEN $$API_TOKEN" >&2; exit 5');
    const result = await (await engine.client.deploy(made)).result();
    expect(result).toMatchObject({
      outcome: 'rolled_back',
      cause: { evidence: { logs: expect.arrayContaining(['***', '*** ***']) } },
    });
    const talking = stack('cat /run/secrets/password; echo; exec /bin/app');
    await (await engine.client.deploy(talking)).result();
    expect((await engine.client.logs(talking, ['app'], 10)).found[0]!.lines[0]).toBe('***');
    expect(
      (await engine.client.exec(talking, `${talking.name}-test-app-1-d1`, ['sh', '-c', 'echo $TOKEN'])).output,
    ).toBe('***\n');
  });

  it('are masked in the encodings of programs too, and an earlier value as long as a container has it', async () => {
    const made = stack('exec /bin/app');
    await (await engine.client.deploy(made)).result();
    const name = `${made.name}-test-app-1-d1`;
    const shown = async (command: string) => (await engine.client.exec(made, name, ['sh', '-c', command])).output;
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, planted[4]!);
    expect(await shown('cat /run/secrets/password; echo " $TOKEN"')).toBe(
      `***${before.endsWith('\n') ? '\n' : ''} ***\n`,
    );
    expect(
      await shown('printf "user:%s" "$TOKEN" | base64; printf %s "$TOKEN" | od -An -v -tx1 | tr -d " \\n"'),
    ).toMatch(/^\S{1,8}\*\*\*\S{0,4}\n\*\*\*$/);
  });

  it('that Docker itself shows in an error are masked there', async () => {
    const made = stack('exec /bin/app');
    made.services.app!.secrets[1]!.target = { environment: '' };
    const result = await (await engine.client.deploy(made)).result();
    expect(result).toMatchObject({ outcome: 'rolled_back', cause: { message: expect.stringContaining('***') } });
  });

  it('of a registry are masked in its answer to a pull', async () => {
    const registry = createServer((request, response) => {
      const [, shown = ''] = request.headers.authorization?.split(' ') ?? [];
      if (request.url === '/v2/')
        return void response.writeHead(401, { 'www-authenticate': 'Basic realm="tests"' }).end();
      const message = `not for ${Buffer.from(shown, 'base64').toString()}, ${shown}`;
      const body = JSON.stringify({ errors: [{ code: 'DENIED', message }] });
      response.writeHead(403, { 'content-type': 'application/json' }).end(body);
    });
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
    await engine.client.registries.login(host, { user: 'ana', password: planted.at(-1)! }, { verify: false });
    const { cause } = await (await engine.client.deploy(dockerStack({ app: { image: `${host}/app:1` } }))).result();
    expect(cause!.message).toMatch(
      /denied: not for ana:\*\*\*, \S*\*\*\*\S*; \S+ refuses it to ana: log in again with/,
    );
    registry.closeAllConnections();
    await new Promise((resolve) => registry.close(resolve));
  });

  it('that are missing are named all at once, and nothing is touched', async () => {
    const made = dockerStack(
      { app: { image: images.app, secrets: ['a', 'b'] } },
      { secrets: { a: { file: '/nowhere/a' }, b: { environment: 'NOWHERE_B' } } },
    );
    const result = await (await engine.client.deploy(made)).result();
    expect(result).toMatchObject({
      outcome: 'refused',
      cause: { message: expect.stringMatching(/cannot read \/nowhere\/a \(ENOENT\)[^]*no variable NOWHERE_B/) },
    });
  });

  describe('that the engine stores, or that a client gives', () => {
    const name = uniqueName('stored');
    const place = { stack: name, environment: 'test' };
    const [given, stored, anew, bytes] = planted.slice(5) as [string, string, string, string];
    const stackFile = join(folder, 'deploy-code.yaml');
    const text = `name: ${name}
environment: test
deployment: {health_check_interval: 1}
secrets: {certificate: {stored: true}}
services:
  app:
    image: ${images.app}
    environment: {URL: "app://user:\${DB}@db", PLAIN: "\${GIVEN}"}
    command: [sh, -c, "exec /bin/app", "key=\${DB}"]
    secrets: [certificate]
  other: {image: ${images.app}}
`;
    const load = async (secrets?: Record<string, string>) =>
      loadStack({ file: stackFile, shell: {}, secrets, stored: await engine.client.secrets.names(place) });
    const sealed = async () => {
      const { stack: made, sealing } = await load({ GIVEN: given });
      return engine.client.seal(made, sealing);
    };
    const deployed = async () => (await engine.client.deploy(await sealed())).result();
    const container = (deployment: number) => docker.getContainer(`${name}-test-app-1-d${deployment}`);
    const environmentOf = async (deployment: number) => (await container(deployment).inspect()).Config.Env;
    const shown = async (deployment: number, command: string) =>
      (await engine.client.exec(await sealed(), `${name}-test-app-1-d${deployment}`, ['sh', '-c', command])).output;

    beforeAll(() => {
      used.add(name);
      writeFileSync(stackFile, text);
    });

    it('are refused before anything happens while they are not stored', async () => {
      await expect(load({ GIVEN: given })).rejects.toThrow('deploy-code secret set DB');
      await expect(load({ GIVEN: given })).rejects.toThrow('deploy-code secret set certificate');
      const { stack: made } = loadStack({ file: stackFile, shell: { DB: 'x', GIVEN: 'y' } });
      await expect(engine.client.seal(made)).rejects.toThrow(
        /not stored for \S+: certificate; .*secret set certificate/,
      );
      await expect(engine.client.secrets.set(place, 'a b', 'value')).rejects.toThrow('is not a valid name');
      await expect(engine.client.secrets.set(place, 'LARGE', Buffer.alloc(300_000))).rejects.toThrow('larger than');
      expect(await engine.client.secrets.list(place)).toEqual([]);
    });

    it('are stored by name, and listed without their values', async () => {
      await engine.client.secrets.set(place, 'DB', `${stored}\n`, 'ana');
      await engine.client.secrets.set(place, 'certificate', Buffer.from(`\xff\0${bytes}\n`, 'latin1'));
      const listed = await engine.client.secrets.list(place);
      expect(listed).toMatchObject([{ name: 'DB', by: 'ana' }, { name: 'certificate' }]);
      expect(Math.abs(listed[0]!.at.getTime() - Date.now())).toBeLessThan(600_000);
      expect(JSON.stringify([listed, await engine.client.environment(place)])).not.toMatch(/v1\./);
    });

    it('reach the container in texts and as files, byte for byte', async () => {
      expect(await deployed()).toMatchObject({ outcome: 'succeeded' });
      expect(await environmentOf(1)).toEqual(expect.arrayContaining([`URL=app://user:${stored}@db`, `PLAIN=${given}`]));
      expect((await container(1).inspect()).Config.Cmd!.at(-1)).toBe(`key=${stored}`);
      const hash = createHash('sha256')
        .update(Buffer.from(`\xff\0${bytes}\n`, 'latin1'))
        .digest('hex');
      expect(await shown(1, 'sha256sum /run/secrets/certificate')).toContain(hash);
      expect(await shown(1, 'echo $URL $PLAIN')).toBe('*** ***\n');
    });

    it('change nothing when they are set to the same value, and just their services when they change', async () => {
      await engine.client.secrets.set(place, 'DB', `${stored}\n`);
      expect(await deployed()).toMatchObject({ outcome: 'unchanged' });
      await engine.client.secrets.set(place, 'DB', anew);
      expect((await engine.client.plan(await sealed())).plan.phases[0]!.services).toMatchObject([
        { name: 'app', action: 'replace', changes: [{ key: 'secrets' }] },
        { name: 'other', action: 'keep' },
      ]);
      expect(await deployed()).toMatchObject({ outcome: 'succeeded', changed: ['app'] });
      expect(await environmentOf(3)).toContain(`URL=app://user:${anew}@db`);
    });

    it('are in a release that is rolled back to as they were then', async () => {
      const result = await (await engine.client.rollback(place, { to: 1 })).result();
      expect(result).toMatchObject({ outcome: 'succeeded', changed: ['app'] });
      expect(await environmentOf(result.deployment!)).toContain(`URL=app://user:${stored}@db`);
    });

    it('are not removed while the current release uses them, except by force', async () => {
      await expect(engine.client.secrets.remove(place, 'DB')).rejects.toThrow(
        'DB is used by app of the current release',
      );
      await expect(engine.client.secrets.remove(place, 'NONE')).rejects.toThrow('stores no secret NONE');
      await engine.client.secrets.remove(place, 'DB', { force: true, by: 'ben' });
      expect(await engine.client.secrets.names(place)).toEqual(['certificate']);
      await expect(load({ GIVEN: given })).rejects.toThrow('deploy-code secret set DB');
      await engine.client.secrets.set(place, 'DB', anew);
    });

    it('are in the audit trail by name, with who set and removed them', async () => {
      const recorded = async () =>
        (await engine.client.audit(await sealed())).records.map(({ by, what }) => `${what} by ${by}`);
      await until(async () => (await recorded()).at(-1)!.startsWith('secret set DB'));
      expect(await recorded()).toEqual(expect.arrayContaining(['secret set DB by ana', 'secret rm DB by ben']));
    });

    it('are opened with a former key, and sealed anew by the worker', async () => {
      const before = await engine.client.secrets.keys(place);
      expect(before.uses).toEqual([expect.objectContaining({ key: before.current, secrets: ['DB', 'certificate'] })]);
      await restartWithNewKey();
      const during = await engine.client.secrets.keys(place);
      expect(during.current).not.toBe(before.current);
      expect(during.uses).toEqual(before.uses);
      expect(await engine.client.secrets.reseal(place)).toEqual(['DB', 'certificate']);
      expect(await engine.client.secrets.reseal(place)).toEqual([]);
      const after = await engine.client.secrets.keys(place);
      expect(after.uses.find(({ key }) => key === after.current)).toMatchObject({ secrets: ['DB', 'certificate'] });
      expect(after.uses.find(({ key }) => key === before.current)).toMatchObject({ secrets: [], releases: [1, 2] });
      const result = await deployed();
      expect(result).toMatchObject({ outcome: 'succeeded', changed: ['app'] });
      expect(await environmentOf(result.deployment!)).toContain(`URL=app://user:${anew}@db`);
      const back = await (await engine.client.rollback(place, { to: 1 })).result();
      expect(back).toMatchObject({ outcome: 'succeeded' });
      expect(await environmentOf(back.deployment!)).toContain(`URL=app://user:${stored}@db`);
    });
  });

  it('never appear in what commands print', async () => {
    const name = uniqueName('printed');
    used.add(name);
    const at = mkdtempSync(join(tmpdir(), 'deploy-code-printed-'));
    const healthcheck = '{test: "test -n $$URL", interval: 1s}';
    writeFileSync(
      join(at, 'compose.yaml'),
      `name: ${name}\nservices:\n  app:\n    image: ${images.app}\n    healthcheck: ${healthcheck}\n` +
        '    environment: {URL: "app://${DB}@db", PLAIN: "${GIVEN}"}\n    secrets: [file]\n' +
        'secrets: {file: {external: true}}\n',
    );
    const [given, stored, anew, bytes] = planted.slice(5) as [string, string, string, string];
    const printed: string[] = [];
    const run = async (args: string[], input?: string) => {
      const result = await cli([...args, '-e', 'test'], {
        cwd: at,
        environment: { TEMPORAL_ADDRESS: address(), TEMPORAL_NAMESPACE: 'secrets' },
        ...(input !== undefined && { input: Buffer.from(input) }),
      });
      printed.push(result.stdout, result.stderr);
      return result;
    };
    const given_ = ['--secret', `GIVEN=${given}`];
    expect(await run(['deploy', '--secret', 'GIVEN=-'], given)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('store it with `deploy-code secret set file`'),
    });
    expect(await run(['secret', 'set', 'file', '-'], bytes)).toMatchObject({ code: 0 });
    writeFileSync(join(at, 'value'), stored);
    expect(await run(['secret', 'set', 'DB', '--from-file', 'value'])).toMatchObject({ code: 0 });
    expect((await run(['deploy', '--secret', 'GIVEN=-', '--json'], given)).code).toBe(0);
    const { Config } = await docker.getContainer(`${name}-test-app-1-d1`).inspect();
    expect(Config.Env).toEqual(expect.arrayContaining([`URL=app://${stored}@db`, `PLAIN=${given}`]));
    expect((await run(['deploy', ...given_])).stdout).toContain('Nothing changed');
    await run(['secret', 'set', 'DB', '-'], anew);
    const commands = [
      ['plan', ...given_, '--json'],
      ['config', ...given_],
      ['deploy', ...given_, '--set', 'NONE=1'],
      ['deploy', '--secret', `=${given}`],
      ['deploy', '--secret', `${given} ${stored}`],
      ['deploy', '--secret', `PLAIN_${given.length}=${given}`],
      ['secret', 'set', 'DB', stored],
      ['secret', 'rm', 'DB'],
      ['secret', 'list', '--json'],
      ['secret', 'keys'],
      ['status', '--json'],
      ['audit', '--json'],
    ];
    await Promise.all(commands.map((args) => run(args)));
    expect(printed.join('\n')).toContain('DB is used by app of the current release');
    for (const value of planted)
      expect({ value, found: printed.join('\n').includes(value) }).toMatchObject({ found: false });
  }, 400_000);

  /** A worker with a new key of the installation; the key so far is a former one. */
  const restartWithNewKey = async () => {
    const { dataDir } = engine;
    await engine.close();
    renameSync(join(dataDir, 'installation.key'), join(dataDir, 'former.key'));
    process.env.DEPLOY_CODE_FORMER_KEY_FILES = join(dataDir, 'former.key');
    engine = await start(dataDir);
  };

  it('never reach a history, a log or a metric', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${engine.worker.port}/metrics`)).text();
    const everything = { histories: await histories(), logs: logged.join('\n'), metrics };
    expect(everything.histories).toContain('startInstance');
    expect(everything.logs).toContain('deployment.finished');
    expect(everything.metrics).toContain('deploy_code_deployments_total');
    for (const [where, text] of Object.entries(everything)) {
      for (const value of planted)
        for (const form of [
          value,
          Buffer.from(value).toString('base64').replace(/=+$/, ''),
          Buffer.from(value).toString('hex'),
        ])
          expect({ where, found: text.includes(form) }).toEqual({ where, found: false });
    }
  });
});
