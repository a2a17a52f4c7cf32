import { createClient } from '@redis/client';
import type { Notification } from '../../model/notification';
import { bodyOf } from './webhook';

const timeoutMs = 10_000;

/** Adds a notification to a Redis stream, which keeps about its `longest` last entries. */
export async function addToStream({ url, stream, longest }: { url: string; stream: string; longest: number }, notification: Notification, password: string | undefined): Promise<void> {
  const client = createClient({ url, ...(password !== undefined && { password }), socket: { connectTimeout: timeoutMs, reconnectStrategy: false } });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const entry = { id: notification.id, type: notification.type, stack: notification.stack, environment: notification.environment, event: bodyOf(notification) };
    await client.xAdd(stream, '*', entry, { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: longest } });
  } finally {
    client.destroy();
  }
}
