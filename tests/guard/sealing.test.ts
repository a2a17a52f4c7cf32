import { createPublicKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import {
  keyIdOf,
  openedOf,
  seal,
  sealableBytes,
  sealableText,
  sealableVariables,
  sealingKeyOf,
  SealProblem,
  unseal,
} from '../../src/guard/sealing';

const installation = randomBytes(32);
const keys = [installation];
const key = sealingKeyOf(installation);
const purpose = { stack: 'shop', environment: 'production', name: 'api.DB_PASSWORD' };
const value = Buffer.from('correct horse battery staple');

describe('a sealed value', () => {
  it('is opened by the engine that it was sealed for, byte for byte', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const opened = unseal(seal(sealableBytes(bytes), key, purpose), keys, purpose);
        expect(openedOf(opened)).toEqual({ kind: 'bytes', value: Buffer.from(bytes) });
      }),
      { numRuns: 50 },
    ));

  it('of text keeps its marks', () => {
    const text = 'postgres://app:\uFDD0pass\uFDD1@db';
    const opened = unseal(seal(sealableText(text), key, purpose), keys, purpose);
    expect(openedOf(opened)).toEqual({ kind: 'text', value: text });
  });

  it('of variables keeps their names', () => {
    const values = { A: '1', EMPTY: '' };
    const { kind, value: json } = openedOf(unseal(seal(sealableVariables(values), key, purpose), keys, purpose));
    expect([kind, JSON.parse(String(json))]).toEqual(['variables', values]);
  });

  it('shows nothing of the value, and differs each time', () => {
    const [one, two] = [seal(value, key, purpose), seal(value, key, purpose)];
    expect(one).not.toBe(two);
    expect(one).toMatch(/^v1\.[0-9a-f]{16}(\.[\w-]+){3}$/);
    for (const form of [value.toString(), value.toString('base64url'), value.toString('hex')])
      expect(one).not.toContain(form);
  });

  it.each([
    ['stack', { ...purpose, stack: 'other' }],
    ['environment', { ...purpose, environment: 'staging' }],
    ['name', { ...purpose, name: 'api.OTHER' }],
    ['name of a confusable purpose', { stack: 'shop', environment: 'production","api', name: 'DB_PASSWORD' }],
  ])('is not opened for another %s', (_, other) =>
    expect(() => unseal(seal(value, key, purpose), keys, other)).toThrow(
      'is damaged, or sealed for another stack, environment or name',
    ),
  );

  it('for a registry is opened for that registry only', () => {
    const sealed = seal(value, key, { registry: 'ghcr.io' });
    expect(unseal(sealed, keys, { registry: 'ghcr.io' })).toEqual(value);
    for (const other of [{ registry: 'evil.example' }, { stack: 'registry', environment: 'ghcr.io', name: '' }])
      expect(() => unseal(sealed, keys, other)).toThrow('is damaged, or sealed for another');
    expect(() => unseal(seal(value, key, purpose), keys, { registry: 'shop' })).toThrow(
      'is damaged, or sealed for another registry',
    );
  });

  it('is not opened with the key of another engine', () =>
    expect(() => unseal(seal(value, key, purpose), [randomBytes(32)], purpose)).toThrow(
      new RegExp(`^is sealed for the key ${key.id}, and this engine has [0-9a-f]{16}; give the worker that key`),
    ));

  it('is opened with a former key too, and says which key it needs', () => {
    const sealed = seal(value, key, purpose);
    expect(unseal(sealed, [randomBytes(32), randomBytes(32), installation], purpose)).toEqual(value);
    expect(keyIdOf(sealed)).toBe(key.id);
  });

  it('is not opened once any part of it was changed, cut or added to', () => {
    const parts = seal(value, key, purpose).split('.');
    for (const index of [2, 3, 4]) {
      const bytes = Buffer.from(parts[index]!, 'base64url');
      bytes[bytes.length - 1]! ^= 1;
      const changed = parts.with(index, bytes.toString('base64url')).join('.');
      expect(() => unseal(changed, keys, purpose)).toThrow(SealProblem);
      const cut = parts.with(index, bytes.subarray(0, 5).toString('base64url')).join('.');
      expect(() => unseal(cut, keys, purpose)).toThrow(SealProblem);
    }
    for (const other of ['', 'v1', `v2.${parts.slice(1).join('.')}`, [...parts, 'AA'].join('.'), `v1.${key.id}...`])
      expect(() => unseal(other, keys, purpose)).toThrow(SealProblem);
  });

  it('is never made or opened with a key that makes a secret everybody knows', () => {
    const zero = Buffer.alloc(32).toString('base64url');
    expect(() => seal(value, { publicKey: zero }, purpose)).toThrow('is not one');
    const parts = seal(value, key, purpose).split('.');
    expect(() => unseal(parts.with(2, zero).join('.'), keys, purpose)).toThrow('is not one');
  });

  it('is at most 256 KiB', () =>
    expect(() => seal(Buffer.alloc(256 * 1024 + 1), key, purpose)).toThrow('api.DB_PASSWORD is larger than 256 KiB'));
});

it('the sealing key of an engine is always the same, and valid', () => {
  expect(sealingKeyOf(installation)).toEqual(key);
  expect(sealingKeyOf(randomBytes(32)).publicKey).not.toBe(key.publicKey);
  const spki = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), Buffer.from(key.publicKey, 'base64url')]);
  expect(createPublicKey({ key: spki, format: 'der', type: 'spki' }).asymmetricKeyType).toBe('x25519');
});
