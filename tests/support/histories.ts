import { Client, Connection } from '@temporalio/client';
import { payloadCodec } from '../../src/payloads/codec';
import { address } from './engine';
import type { Namespace } from './namespaces';

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

/** gRPC's NOT_FOUND. */
const notFound = 5;

/** All histories of a namespace as one text. The client deletes the workflows of what it asks. */
export async function historiesIn(namespace: Namespace): Promise<string> {
  const temporal = new Client({
    connection: await Connection.connect({ address: address() }),
    namespace,
    dataConverter: { payloadCodecs: [payloadCodec()] },
  });
  const unlessDeleted = (error: { code?: number }) => {
    if (error.code !== notFound) throw error;
  };
  const texts: string[] = [];
  for await (const { workflowId } of temporal.workflow.list()) {
    const history = await temporal.workflow.getHandle(workflowId).fetchHistory().catch(unlessDeleted);
    if (history) texts.push(await decoded(history.events));
  }
  await temporal.connection.close();
  return texts.join('\n');
}
