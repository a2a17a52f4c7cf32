import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import type { Payload, SerializationContext } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { createCipheriv, randomBytes } from 'node:crypto';
import { payloadCodec } from '../../src/payloads/codec';
import { newKey, parseKeys } from '../../src/payloads/keys';

const [first, second] = [newKey('first'), newKey('second')];
const ring = (...keys: string[]) => parseKeys(keys.join('\n'), 'the test');
const json = (value: unknown): Payload => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(value)),
});
const text = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString()]),
  ),
  data: Buffer.from(data ?? []).toString(),
});

describe('encrypted payloads', () => {
  it('come back as they were, whatever is in them, and show nothing of it', async () => {
    const codec = payloadCodec(ring(first));
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 8, maxLength: 5000 }), async (value) => {
        const [hidden] = await codec.encode([json({ value })]);
        expect(text(hidden!).metadata).toEqual({
          encoding: 'binary/encrypted',
          'encryption-key-id': 'first',
          'bound-to': '',
        });
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
    await expect(payloadCodec(ring(second)).decode([old!])).rejects.toThrow(
      'a payload is encrypted with the key "first", but DEPLOY_CODE_ENCRYPTION_KEY_FILE has no such ' +
        'key; add it (docs/encryption.md)',
    );
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
    await expect(
      codec.decode([{ ...hidden!, metadata: { ...hidden!.metadata, 'encryption-key-id': Buffer.from('other') } }]),
    ).rejects.toThrow();
  });

  describe('belong where they were made for', () => {
    const workflow = (workflowId: string, namespace = 'production'): SerializationContext => ({
      type: 'workflow',
      namespace,
      workflowId,
    });
    const activity = (activityId: string, workflowId = 'deployment/shop/production/1'): SerializationContext => ({
      type: 'activity',
      namespace: 'production',
      workflowId,
      activityId,
      isLocal: false,
    });
    const codec = payloadCodec(ring(first));

    it.each<[string, SerializationContext, SerializationContext]>([
      ['another deployment', workflow('deployment/shop/production/1'), workflow('deployment/shop/production/2')],
      ['another environment', workflow('environment/shop/staging'), workflow('environment/shop/production')],
      [
        'another namespace',
        workflow('environment/shop/production', 'staging'),
        workflow('environment/shop/production'),
      ],
      ['a workflow, from one of its activities', activity('1'), workflow('deployment/shop/production/1')],
      ['another activity', activity('1'), activity('2')],
      ['an activity of another workflow', activity('1'), activity('1', 'deployment/shop/production/2')],
    ])('and are refused in %s', async (_, made, came) => {
      const [hidden] = await codec.encode([json('freeze')], made);
      expect(text((await codec.decode([hidden!], made))[0]!).data).toBe('"freeze"');
      await expect(codec.decode([hidden!], came)).rejects.toThrow('a message was moved');
      const claimed = (await codec.encode([json('x')], came))[0]!.metadata!['bound-to']!;
      await expect(
        codec.decode([{ ...hidden!, metadata: { ...hidden!.metadata, 'bound-to': claimed } }], came),
      ).rejects.toThrow('changed by somebody without the key');
      const { 'bound-to': _bound, ...unbound } = hidden!.metadata!;
      await expect(
        payloadCodec(ring(first), { acceptPlain: true }).decode([{ ...hidden!, metadata: unbound }], came),
      ).rejects.toThrow('changed by somebody without the key');
    });

    it('also where a schedule adds the time to the id of what it starts', async () => {
      const [hidden] = await codec.encode([json('nightly')], workflow('redeploy/shop/production/nightly'));
      expect(
        text((await codec.decode([hidden!], workflow('redeploy/shop/production/nightly-2026-11-28T02:00:00Z')))[0]!)
          .data,
      ).toBe('"nightly"');
    });

    it('and are read by those who look at all of them, as the Temporal UI does', async () => {
      const [hidden] = await codec.encode([json('seen')], workflow('deployment/shop/production/1'));
      expect(text((await payloadCodec(ring(first), { acceptPlain: true }).decode([hidden!]))[0]!).data).toBe('"seen"');
    });
  });

  /** As earlier versions wrote them. */
  const unbound = (payload: Payload): Payload => {
    const nonce = randomBytes(12);
    const sealing = createCipheriv('aes-256-gcm', ring(first).current.secret, nonce).setAAD(Buffer.from('first'));
    const sealed = Buffer.concat([
      sealing.update(temporal.api.common.v1.Payload.encode(payload).finish()),
      sealing.final(),
    ]);
    return {
      metadata: { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('first') },
      data: Buffer.concat([nonce, sealing.getAuthTag(), sealed]),
    };
  };

  it('of before there were keys, or bindings, are accepted only while migrating', async () => {
    const large = json('x'.repeat(100_000));
    const [packed] = await payloadCodec(undefined).encode([large]);
    expect(packed!.data!.length).toBeLessThan(1000);
    const migrating = payloadCodec(ring(first), { acceptPlain: true });
    for (const old of [packed!, unbound(large)]) {
      expect(text((await migrating.decode([old]))[0]!)).toEqual(text(large));
      await expect(payloadCodec(ring(first)).decode([old])).rejects.toThrow('--accept-plain while migrating');
    }
  });
});

describe('payloads that must not be used', () => {
  const context: SerializationContext = {
    type: 'workflow',
    namespace: 'default',
    workflowId: 'environment/shop/production',
  };
  const zipped = (data: Buffer, before = 'json/plain'): Payload => ({
    metadata: { encoding: Buffer.from('binary/gzip'), 'deploy-code-encoding': Buffer.from(before) },
    data,
  });

  it.each<[string, Payload, string]>([
    [
      'are far larger once decompressed',
      zipped(gzipSync(Buffer.alloc(40 * 1024 * 1024))),
      'a message exceeds 33554432 bytes when decompressed',
    ],
    ['are no gzip', zipped(Buffer.from('garbage')), 'cannot be read'],
    ['end too early', zipped(gzipSync('x'.repeat(1000)).subarray(0, 20)), 'cannot be read'],
    [
      'are compressed twice',
      zipped(gzipSync(gzipSync('"x"')), 'binary/gzip'),
      'a message has an encoding that this engine does not use',
    ],
    [
      'are no JSON',
      { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{') },
      'a message is marked as JSON but is not valid JSON',
    ],
    [
      'no converter reads',
      { metadata: { encoding: Buffer.from('json/protobuf') }, data: Buffer.from('{}') },
      'a message has an encoding that this engine does not use',
    ],
    [
      'say nothing of themselves',
      { data: Buffer.from('x') },
      'a message has an encoding that this engine does not use',
    ],
  ])('that %s stand for themselves in a workflow, with the reason', async (_, payload, reason) => {
    const [decoded] = await payloadCodec(undefined, { marksRefused: true }).decode([payload], context);
    expect(JSON.parse(text(decoded!).data)).toEqual({ 'deploy-code:refused': expect.stringContaining(reason) });
  });

  it('fill the memory together no more than alone', async () => {
    const many = Array.from({ length: 4 }, () => zipped(gzipSync(JSON.stringify(' '.repeat(30 * 1024 * 1024)))));
    const decoded = await payloadCodec(undefined, { marksRefused: true }).decode(many, context);
    expect(decoded.map((payload) => (text(payload).data.length > 1000 ? 'taken' : text(payload).data))).toEqual([
      'taken',
      'taken',
      expect.stringContaining('a message exceeds 4194300 bytes when decompressed'),
      expect.stringContaining('a message exceeds 4194300 bytes when decompressed'),
    ]);
  });

  it('with a key that is not among ours stand for themselves, too', async () => {
    const [hidden] = await payloadCodec(ring(first)).encode([json('x')], context);
    const [decoded] = await payloadCodec(ring(second), { marksRefused: true }).decode([hidden!], context);
    expect(JSON.parse(text(decoded!).data)).toEqual({
      'deploy-code:refused': expect.stringContaining(
        'a payload is encrypted with the key "first", but DEPLOY_CODE_ENCRYPTION_KEY_FILE has no ' +
          'such key; add it (docs/encryption.md)',
      ),
    });
  });

  it('fail everywhere else, and so does one whose key is only missing here', async () => {
    const [hidden] = await payloadCodec(ring(first)).encode([json('x')], context);
    await expect(payloadCodec(undefined, { marksRefused: true }).decode([hidden!], context)).rejects.toThrow(
      'a payload is encrypted with the key "first", but DEPLOY_CODE_ENCRYPTION_KEY_FILE has no such ' +
        'key; add it (docs/encryption.md)',
    );
    await expect(payloadCodec(undefined).decode([zipped(Buffer.from('garbage'))])).rejects.toThrow('cannot be read');
  });
});

describe('a file of keys', () => {
  it('has one a line, with comments', () => {
    expect(ring('# since 2026', first, '', second).current.id).toBe('first');
  });

  it.each([
    ['has no key; `deploy-code codec key` creates one', '# nothing\n'],
    ['key 1 must be <id>:<32 bytes in base64>; `deploy-code codec key` creates one', 'short:AAAA'],
    ['has two keys with the id first; give each its own id', `${first}\n${newKey('first')}`],
  ])('that %s is refused without being shown', (problem, content) => {
    expect(() => parseKeys(content, '/etc/keys')).toThrow(problem);
    expect(() => parseKeys(content, '/etc/keys')).not.toThrow(first.split(':')[1]);
  });
});
