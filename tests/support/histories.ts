import { payloadCodec } from '../../src/payloads/codec';

/** A history as text, with every payload in it decompressed. */
export async function decoded(value: unknown): Promise<string> {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return (await Promise.all(value.map(decoded))).join('\n');
  if (typeof value !== 'object' || value === null) return String(value);
  const payload = value as { metadata?: Record<string, Uint8Array>; data?: Uint8Array };
  if (payload.metadata && payload.data) {
    const [plain] = await payloadCodec().decode([payload as never]);
    return Buffer.from(plain!.data!).toString('utf8');
  }
  return (await Promise.all(Object.entries(value).map(async ([key, item]) => `${key}: ${await decoded(item)}`))).join(
    '\n',
  );
}
