import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultActivityInfo, MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { seal, sealableBytes, sealableVariables } from '../../src/guard/sealing';
import { storedName } from '../../src/model/instance';
import { mark, storedReference } from '../../src/model/text/marks';
import { SecretStore } from '../../src/activities/secrets';
import { SoftwareFault } from '../../src/activities/failures';

const folder = () => mkdtempSync(join(tmpdir(), 'deploy-code-secrets-'));

const written = (content: string | Uint8Array) => {
  const file = join(folder(), 'secret');
  writeFileSync(file, content);
  return { file };
};

const asFile = (source: { file: string }) => ({
  secrets: [{ name: 's', source, target: { path: '/run/secrets/s', mode: 0o400, uid: 7 } }],
});
const asVariable = (source: { file: string }) => ({
  envFiles: [],
  secrets: [{ name: 's', source, target: { environment: 'S' } }],
});

describe('secrets of the worker', () => {
  const dataDir = folder();
  const store = new SecretStore(dataDir);

  it('are files byte for byte, and variables without one line end', async () => {
    const bytes = Buffer.from([0xff, 0, 0x0a, 0x0a]);
    expect(await store.files(asFile(written(bytes)))).toEqual([
      { path: '/run/secrets/s', mode: 0o400, uid: 7, content: bytes },
    ]);
    expect(await store.variables(asVariable(written('one\n\n')))).toEqual({ S: 'one\n' });
    expect(await store.variables(asVariable(written('one\r\n')))).toEqual({ S: 'one' });
  });

  it.each([
    ['a NUL byte', 'hunter2-nul\0rest', 'contains a NUL byte'],
    ['bytes that are no UTF-8', Buffer.from('hunter2-\xff', 'latin1'), 'is not UTF-8 text'],
  ])('with %s are refused as variables by name, without their value', async (_, content, problem) => {
    const source = written(content);
    const ofVariable = 'variables take text only: remove `environment` to mount it as a file';
    for (const [attempt, advice] of [
      [store.variables(asVariable(source)), ofVariable],
      [store.fingerprints({ s: source }, [], new Set(['s'])), ofVariable],
      [store.read('s', source), 'save it as UTF-8 text'],
    ] as const) {
      const failure = await (attempt as Promise<unknown>).then(
        () => undefined,
        (error: Error) => error,
      );
      expect(failure).toBeInstanceOf(SoftwareFault);
      expect(failure!.message).toBe(`the secret s ${problem}; ${advice}`);
    }
    expect(await store.fingerprints({ s: source }, [])).toHaveProperty('s');
  });

  it('have fingerprints that tell every byte, and that of version 0.1, which ignored a final line end', async () => {
    const print = (content: string | Uint8Array) => store.fingerprints({ s: written(content) }, []);
    const [without, withEnd, other, binary] = [
      await print('value'),
      await print('value\n'),
      await print('other'),
      await print(Buffer.from([0xff])),
    ];
    expect(new Set([without, withEnd, other, binary].map(({ s }) => s)).size).toBe(4);
    expect(without['earlier:s']).toBe(withEnd['earlier:s']);
    expect(binary).not.toHaveProperty('earlier:s');
    expect(Object.values(without)).not.toContain(withEnd.s);
    expect(new Set(Object.values(withEnd)).size).toBe(2);
  });

  it('that are too short to be masked are told from others', async () => {
    const what = async (content: string) => (await store.fingerprints({ s: written(content) }, []))['unmasked:s'];
    expect([await what('abc\n'), await what('\n'), await what('abcd')]).toEqual(['short', 'empty', undefined]);
  });

  it('that are too large, no plain file, or a pipe that nobody writes to are refused at once', async () => {
    const pipe = join(folder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(store.read('s', { file: pipe })).rejects.toThrow(
      `the secret s: ${pipe} is not a regular file; name one`,
    );
    await expect(store.read('s', { file: folder() })).rejects.toThrow('is not a regular file; name one');
    await expect(store.read('s', { file: '/dev/zero' })).rejects.toThrow('belongs to the machine');
    await expect(store.read('s', written(Buffer.alloc(1024 * 1024 + 1)))).rejects.toThrow('is larger than 1 MiB');
  });
});

describe('the masks of a worker', () => {
  it('hide an earlier value after a rotation, also on another worker, and keep no value in plain text', async () => {
    const dataDir = folder();
    const source = written('first-value-4711\n');
    const old = new SecretStore(dataDir);
    await old.read('s', source);
    writeFileSync(source.file, 'second-value-4712');
    const next = new SecretStore(dataDir);
    await next.learn({ s: source }, []);
    expect(next.mask('first-value-4711 second-value-4712')).toBe('*** ***');
    expect(old.mask('second-value-4712')).toBe('***');
    const stored = readdirSync(join(dataDir, 'masks')).map((name) => readFileSync(join(dataDir, 'masks', name)));
    expect(stored).toHaveLength(2);
    for (const content of stored) expect(content.includes('value')).toBe(false);
  });

  it('hide earlier values after the key of the installation has changed', async () => {
    const dataDir = folder();
    await new SecretStore(dataDir).read('s', written('under-the-old-key-4711'));
    const former = join(folder(), 'former.key');
    renameSync(join(dataDir, 'installation.key'), former);
    expect(new SecretStore(dataDir).mask('under-the-old-key-4711')).toBe('under-the-old-key-4711');
    process.env.DEPLOY_CODE_FORMER_KEY_FILES = former;
    try {
      expect(new SecretStore(dataDir).mask('under-the-old-key-4711')).toBe('***');
    } finally {
      delete process.env.DEPLOY_CODE_FORMER_KEY_FILES;
    }
  });

  it('pass over what is not theirs', () => {
    const dataDir = folder();
    mkdirSync(join(dataDir, 'masks'));
    writeFileSync(join(dataDir, 'masks', 'a'.repeat(64)), 'garbage');
    expect(new SecretStore(dataDir).mask('garbage')).toBe('garbage');
  });

  it('hide what env files hold, save common words and short numbers under plain names', async () => {
    const file = join(folder(), 'app.env');
    writeFileSync(
      file,
      'MODE=production\nPORT=5432\nDEBUG=true\nNOTE=something-private\n' +
        'DB_PASSWORD=postgres\nPIN_TOKEN=12345\nCARD=4111111111111111\n',
    );
    const store = new SecretStore(folder());
    await store.learn({}, [file]);
    expect(store.mask('production 5432 true something-private postgres 12345 4111111111111111')).toBe(
      'production 5432 true *** *** *** ***',
    );
  });

  it('hide likewise what clients have sealed of env files, and pass it on as variables', async () => {
    const store = new SecretStore(folder());
    const sealed = (json: Buffer): { sealed: string } => ({
      sealed: seal(json, store.sealingKey(), { stack: 'shop', environment: 'test', name: 'api.env_file' }),
    });
    const info = { ...defaultActivityInfo, workflowExecution: { workflowId: 'deployment/shop/test/1', runId: '' } };
    const run = <T>(work: () => Promise<T>): Promise<T> =>
      new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') }).run(work);
    const spec = (source: { sealed: string }) => ({
      envFiles: [],
      secrets: [{ name: 'api.env_file', source, target: { variables: true as const } }],
    });
    const values = { MODE: 'production', NOTE: 'something-private', EMPTY: '' };
    const good = sealed(sealableVariables(values));
    expect(await run(() => store.variables(spec(good)))).toEqual(values);
    expect(store.mask('production something-private')).toBe('production ***');
    const prints = (source: { sealed: string }) => run(() => store.fingerprints({ 'api.env_file': source }, []));
    expect(await prints(sealed(sealableVariables(values)))).toEqual(await prints(good));
    expect(await prints(sealed(sealableVariables({ ...values, EMPTY: 'x' })))).not.toEqual(await prints(good));
    for (const other of ['[1]', '{"A=B": "1"}', '{"A": "\\u0000"}', '{'])
      await expect(
        run(() => store.variables(spec(sealed(Buffer.concat([Buffer.from([2]), Buffer.from(other)]))))),
      ).rejects.toThrow('the secret api.env_file does not consist of variables; deploy it again');
  });

  it('fill stored secrets into variables that clients have sealed, and mask them by themselves', async () => {
    const store = new SecretStore(folder());
    const place = { stack: 'shop', environment: 'test' };
    const info = { ...defaultActivityInfo, workflowExecution: { workflowId: 'deployment/shop/test/1', runId: '' } };
    const run = <T>(work: () => Promise<T>): Promise<T> =>
      new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') }).run(work);
    const stored = (value: string) =>
      seal(sealableBytes(Buffer.from(value)), store.sealingKey(), { ...place, name: storedName('DB') });
    const values = { URL: `pg://u:${storedReference('DB')}@${mark('private.host')}`, MODE: 'production' };
    const sealed = seal(sealableVariables(values), store.sealingKey(), { ...place, name: 'api.env_file' });
    const sourceWith = (value: string) => ({ sealed, parts: { DB: stored(value) } });
    const prints = (value: string) => run(() => store.fingerprints({ 'api.env_file': sourceWith(value) }, []));
    const spec = (source: { sealed: string; parts?: Record<string, string> }) => ({
      envFiles: [],
      secrets: [{ name: 'api.env_file', source, target: { variables: true as const } }],
    });
    expect(await run(() => store.variables(spec(sourceWith('s3cret-value\n'))))).toEqual({
      URL: 'pg://u:s3cret-value@private.host',
      MODE: 'production',
    });
    expect(store.mask('s3cret-value private.host production')).toBe('*** *** production');
    expect(await prints('one')).toEqual(await prints('one'));
    expect(await prints('two')).not.toEqual(await prints('one'));
    await expect(run(() => store.variables(spec({ sealed })))).rejects.toThrow(
      'the secret DB was not sent with the stack; deploy it again',
    );
  });
});
