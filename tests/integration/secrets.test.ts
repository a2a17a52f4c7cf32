import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Client, Connection } from '@temporalio/client';
import { payloadCodec } from '../../src/payloads/codec';
import { address, startEngine, type TestEngine } from '../support/engine';
import { docker, dockerStack, healthy, wipe } from '../support/docker-world';
import { decoded } from '../support/histories';
import { images } from '../support/image';
import { describeWith } from '../support/parts';

describeWith('docker', 'secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-secrets-'));
  const planted = [
    'file-secret-4711',
    'variable-secret-4712',
    'env-file-secret-4713',
    'rotated-secret-4714',
    'rotated-again-4715',
  ];
  const file = join(folder, 'password');
  const envFile = join(folder, 'app.env');
  const logged: string[] = [];
  let engine: TestEngine;
  let temporal: Client;
  const used = new Set<string>();

  beforeAll(async () => {
    writeFileSync(file, `${planted[0]}\n`);
    writeFileSync(envFile, `API_TOKEN=${planted[2]}\nHARMLESS=yes\n`);
    process.env.PLANTED = planted[1];
    engine = await startEngine('secrets', {
      port: 0,
      log: new Writable({ write: (chunk: Buffer, _, done) => (logged.push(chunk.toString()), done()) }),
    });
    temporal = new Client({
      connection: await Connection.connect({ address: address() }),
      namespace: 'secrets',
      dataConverter: { payloadCodecs: [payloadCodec()] },
    });
  });
  afterAll(async () => {
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

  /** Every payload, memo, summary and failure of every workflow of the namespace, decoded. */
  const histories = async () => {
    const texts: string[] = [];
    for await (const { workflowId } of temporal.workflow.list()) {
      const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory();
      texts.push(await decoded(events));
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
