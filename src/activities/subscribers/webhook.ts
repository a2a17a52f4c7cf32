import { createHmac } from 'node:crypto';
import type { Notification } from '../../model/notification';
import { post } from './post';

/** The body of a webhook: JSON, with the time in ISO 8601. */
export function bodyOf({ at, ...notification }: Notification): string {
  return JSON.stringify({ ...notification, at: new Date(at).toISOString() });
}

/** HMAC-SHA256 over `<seconds since the epoch>.<body>`, in hex. It authenticates the sender and the time. */
export function signatureOf(key: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** Sends a notification to a webhook, signed if there is a key. */
export async function sendToWebhook(
  url: string,
  notification: Notification,
  key: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const body = bodyOf(notification);
  const timestamp = String(Math.floor(Date.now() / 1000));
  await post(
    url,
    body,
    {
      'x-deploy-code-event': notification.type,
      'x-deploy-code-delivery': notification.id,
      'x-deploy-code-timestamp': timestamp,
      ...(key !== undefined && { 'x-deploy-code-signature': signatureOf(key, timestamp, body) }),
    },
    signal,
  );
}
