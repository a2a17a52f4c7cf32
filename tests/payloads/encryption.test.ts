import fc from 'fast-check';
import type { Payload } from '@temporalio/common';
import { payloadCodec } from '../../src/payloads/codec';
import { newKey, parseKeys } from '../../src/payloads/keys';

const [first, second] = [newKey('first'), newKey('second')];
const ring = (...keys: string[]) => parseKeys(keys.join('\n'), 'the test');
const json = (value: unknown): Payload => ({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) });
const text = ({ metadata, data }: Payload) => ({ metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString()])), data: Buffer.from(data ?? []).toString() });

describe('encrypted payloads', () => {
  it('come back as they were, whatever is in them, and show nothing of it', async () => {
    const codec = payloadCodec(ring(first));
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 8, maxLength: 5000 }), async (value) => {
        const [hidden] = await codec.encode([json({ value })]);
        expect(text(hidden!).metadata).toEqual({ encoding: 'binary/encrypted', 'encryption-key-id': 'first' });
        expect(Buffer.from(hidden!.data!).includes(Buffer.from(value))).toBe(false);
        expect(text((await codec.decode([hidden!]))[0]!)).toEqual(text(json({ value })));
      }),
      { numRuns: 50 },
    );
  });

  it('are never the same twice', async () => {
    const [a, b] = await payloadCodec(ring(first)).encode([json('same'), json('same')]);
    expect(Buffer.from(a!.data!).equals(Buffer.from(b!.data!))).toBe(false);
  });

  it('stay readable after the keys have changed places, and not after theirs is gone', async () => {
    const [old] = await payloadCodec(ring(first)).encode([json('old')]);
    const rotated = payloadCodec(ring(second, first));
    expect(text((await rotated.decode([old!]))[0]!).data).toBe('"old"');
    expect(text((await rotated.encode([json('new')]))[0]!).metadata['encryption-key-id']).toBe('second');
    await expect(payloadCodec(ring(second)).decode([old!])).rejects.toThrow('a payload is encrypted with the key "first", and DEPLOY_CODE_ENCRYPTION_KEY_FILE holds no such key');
    await expect(payloadCodec(undefined).decode([old!])).rejects.toThrow('a payload is encrypted with the key "first"');
  });

  it('are refused when somebody has changed a bit of them, or the name of their key', async () => {
    const codec = payloadCodec(ring(first, `other:${first.split(':')[1]}`));
    const [hidden] = await codec.encode([json('untouched')]);
    for (const index of [0, 12, hidden!.data!.length - 1]) {
      const data = Buffer.from(hidden!.data!);
      data[index]! ^= 1;
      await expect(codec.decode([{ ...hidden!, data }])).rejects.toThrow();
    }
    await expect(codec.decode([{ ...hidden!, metadata: { ...hidden!.metadata, 'encryption-key-id': Buffer.from('other') } }])).rejects.toThrow();
  });

  it('of before there were keys pass', async () => {
    const large = json('x'.repeat(100_000));
    const [packed] = await payloadCodec(undefined).encode([large]);
    expect(packed!.data!.length).toBeLessThan(1000);
    expect(text((await payloadCodec(ring(first)).decode([packed!]))[0]!)).toEqual(text(large));
  });
});

describe('a file of keys', () => {
  it('has one a line, with comments', () => {
    expect(ring('# since 2026', first, '', second).current.id).toBe('first');
  });

  it.each([
    ['holds no key', '# nothing\n'],
    ['key 1 is not of the form <id>:<32 bytes in base64>', 'short:AAAA'],
    ['has two keys of the id first', `${first}\n${newKey('first')}`],
  ])('that %s is refused without being shown', (problem, content) => {
    expect(() => parseKeys(content, '/etc/keys')).toThrow(problem);
    expect(() => parseKeys(content, '/etc/keys')).not.toThrow(first.split(':')[1]);
  });
});
