import type { Notification } from '../../model/notification';
import { sendCommands } from './resp';
import { bodyOf } from './webhook';

export interface StreamTarget {
  url: string;
  stream: string;
  longest: number;
}

/** Adds a notification to a Redis stream, trimmed to about its `longest` last entries. */
export async function addToStream(
  { url, stream, longest }: StreamTarget,
  notification: Notification,
  password: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const address = new URL(url);
  const database = /^\/(\d+)$/.exec(address.pathname)?.[1];
  const { id, type, stack, environment } = notification;
  const entry = Object.entries({ id, type, stack, environment, event: bodyOf(notification) }).flat();
  await sendCommands(
    address,
    [
      ...(password === undefined ? [] : [['AUTH', password]]),
      ...(database === undefined ? [] : [['SELECT', database]]),
      ['XADD', stream, 'MAXLEN', '~', String(longest), '*', ...entry],
    ],
    signal,
  );
}
