import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  keyIdOf,
  mismatchOf,
  openStatement,
  statementSigner,
  type Claims,
  type Stated,
} from '../../../src/guard/access/statement';
import {
  createStatementKey,
  engineKeys,
  engineSigner,
  readStatementKeys,
  readStatementSigner,
} from '../../../src/guard/access/statement-keys';

const issued = 1_800_000_000_000;
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const keys = new Map([[keyIdOf(publicKey), publicKey]]);
const stated: Stated = {
  subject: 'user:alice',
  role: 'operator',
  groups: ['group:release'],
  action: 'deployment.request',
  stack: 'shop',
  environment: 'production',
  request: 'a'.repeat(64),
};
const statement = statementSigner(privateKey, () => issued).sign(stated);
const claims = openStatement(statement, keys) as Claims;
const expected = { ...stated, at: issued + 1000 };

/** The statement with one claim changed and the signature kept. */
const tampered = (change: Partial<Record<keyof Claims, unknown>>): string => {
  const [payload = '', signature = ''] = statement.split('.');
  const data = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return `${Buffer.from(JSON.stringify({ ...data, ...change })).toString('base64url')}.${signature}`;
};

describe('a statement of a server', () => {
  it('says who asked for what, for a minute', () => {
    expect(claims).toEqual({
      ...stated,
      key: keyIdOf(publicKey),
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      issued,
      expires: issued + 60_000,
    });
    expect(mismatchOf(claims, expected)).toBeUndefined();
  });

  it('has another id each time', () => {
    const signer = statementSigner(privateKey);
    const ids = Array.from({ length: 20 }, () => (openStatement(signer.sign(stated), keys) as Claims).id);
    expect(new Set(ids).size).toBe(20);
  });

  it.each<Partial<Record<keyof Claims, unknown>>>([
    { id: 'another' },
    { subject: 'user:mallory' },
    { role: 'admin' },
    { groups: [] },
    { action: 'volumes.delete' },
    { stack: 'other' },
    { environment: 'staging' },
    { request: 'b'.repeat(64) },
    { issued: issued + 1 },
    { expires: issued + 1e9 },
  ])('is refused once a claim is changed: %j', (change) => {
    expect(openStatement(tampered(change), keys)).toBe('the signature of the statement is wrong');
  });

  it.each<Partial<Record<keyof Claims, unknown>>>([
    { subject: 7 },
    { request: undefined },
    { groups: 'all' },
    { groups: [7] },
    { role: {} },
    { issued: 'now' },
    { expires: null },
  ])('is malformed with %j', (change) => {
    expect(openStatement(tampered(change), keys)).toBe('the statement of the server is malformed');
  });

  it.each(['', 'x', 'x.y', `${statement}.`, `${statement}A`, 'null.', statement.replace('.', '..'), 'A'.repeat(9000)])(
    'is malformed as %.20s',
    (text) => expect(openStatement(text, keys)).toBe('the statement of the server is malformed'),
  );

  it('of a key that is not known is refused, and says which key', () => {
    const other = generateKeyPairSync('ed25519');
    const foreign = statementSigner(other.privateKey, () => issued).sign(stated);
    expect(openStatement(foreign, keys)).toContain(`the key ${keyIdOf(other.publicKey)}, which this worker does not`);
  });

  it('of a foreign key that claims to be a known one is refused', () => {
    const other = generateKeyPairSync('ed25519');
    const [payload = ''] = statement.split('.');
    const forged = sign(null, Buffer.from(`deploy-code statement v1\n${payload}`), other.privateKey);
    expect(openStatement(`${payload}.${forged.toString('base64url')}`, keys)).toContain('signature');
  });

  it('is no statement without the words that belong before it', () => {
    const [payload = ''] = statement.split('.');
    const bare = sign(null, Buffer.from(payload), privateKey).toString('base64url');
    expect(openStatement(`${payload}.${bare}`, keys)).toContain('signature');
  });

  it.each([
    [{ stack: 'other' }, 'for another environment'],
    [{ environment: 'staging' }, 'for another environment'],
    [{ action: 'instances.exec' }, 'for another action (deployment.request)'],
    [{ request: 'b'.repeat(64) }, 'for another request'],
    [{ at: issued + 80_000 }, 'has expired'],
    [{ at: issued - 30_000 }, 'from the future'],
  ])('does not permit anything else: %j', (change, problem) => {
    expect(mismatchOf(claims, { ...expected, ...change })).toContain(problem);
  });

  it('that its key makes valid for long is refused', () => {
    expect(mismatchOf({ ...claims, expires: issued + 3_600_000 }, expected)).toContain('valid for too long');
  });

  it('bears clocks that are a few seconds apart', () => {
    expect(mismatchOf(claims, { ...expected, at: issued - 5000 })).toBeUndefined();
    expect(mismatchOf(claims, { ...expected, at: issued + 65_000 })).toBeUndefined();
  });
});

describe('keys of statements', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-keys-'));
  const at = (name: string) => join(folder, name);

  it('are made as a pair; only the owner can read the private one, and neither is replaced', () => {
    const { id, publicFile } = createStatementKey(at('one'));
    expect([statSync(at('one')).mode & 0o777, publicFile]).toEqual([0o600, at('one.pub')]);
    expect(readStatementSigner(at('one')).key).toBe(id);
    expect([...readStatementKeys(publicFile).keys()]).toEqual([id]);
    expect(() => createStatementKey(at('one'))).toThrow('exists already, and was not replaced');
  });

  it('are known to workers side by side, while they are exchanged', () => {
    const [before, after] = [createStatementKey(at('before')), createStatementKey(at('after'))];
    writeFileSync(at('both.pub'), [before, after].map(({ publicFile }) => readFileSync(publicFile, 'utf8')).join(''));
    const both = readStatementKeys(at('both.pub'));
    for (const name of ['before', 'after'])
      expect(openStatement(readStatementSigner(at(name)).sign(stated), both)).toMatchObject({ subject: 'user:alice' });
  });

  it('are refused where others could read or change them, or the halves are swapped', () => {
    createStatementKey(at('open'));
    chmodSync(at('open'), 0o644);
    expect(() => readStatementSigner(at('open'))).toThrow('is accessible to others (mode 0644); run chmod 600');
    chmodSync(at('open'), 0o600);
    chmodSync(at('open.pub'), 0o666);
    expect(() => readStatementKeys(at('open.pub'))).toThrow('is accessible to others');
    expect(() => readStatementKeys(at('open'))).toThrow('holds a private key; give workers only the public one');
    expect(() => readStatementSigner(at('one.pub'))).toThrow();
    expect(() => readStatementKeys(at('missing'))).toThrow('cannot be read (ENOENT)');
    writeFileSync(at('empty'), 'no key');
    expect(() => readStatementKeys(at('empty'))).toThrow('it has 0');
  });

  it('of another kind are refused', () => {
    const { publicKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(at('rsa.pub'), rsa.export({ type: 'spki', format: 'pem' }));
    expect(() => readStatementKeys(at('rsa.pub'))).toThrow('is not an Ed25519 key');
  });

  it('of workers follow from the key of the installation, a former one included', () => {
    const [current, former] = [randomBytes(32), randomBytes(32)];
    expect(engineSigner(current).key).toBe(engineSigner(Buffer.from(current)).key);
    const known = engineKeys([current, former]);
    for (const key of [current, former])
      expect(openStatement(engineSigner(key).sign(stated), known)).toMatchObject({ stack: 'shop' });
    expect(openStatement(engineSigner(randomBytes(32)).sign(stated), known)).toContain('does not know');
  });
});
