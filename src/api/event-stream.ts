import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { LiveMessage } from './live';

/** Keeps proxies from closing a connection on which nothing happens. */
const commentEveryMs = 15_000;
/** A reader that takes nothing for this time is dropped; it resumes after the last event that it has. */
const slowMs = 30_000;

/** Writes events as server-sent events, as fast as the reader takes them: never more than one page waits in memory. */
export async function writeEvents(
  response: ServerResponse,
  events: AsyncIterable<LiveMessage>,
  headers: Record<string, string>,
): Promise<void> {
  // A reader that goes while something is written is no error of the server.
  response.on('error', () => undefined);
  response.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write(': the events of a deployment\n\n');
  const comments = setInterval(() => response.writableNeedDrain || response.write(':\n\n'), commentEveryMs);
  try {
    for await (const message of events) {
      const id = message.name === 'event' ? `id: ${message.id}\n` : '';
      const text = `${id}event: ${message.name}\ndata: ${JSON.stringify(message.data)}\n\n`;
      if (!response.write(text) && !(await drained(response))) return;
    }
  } finally {
    clearInterval(comments);
    response.end();
  }
}

/** False if the reader took nothing for too long, or has gone. */
async function drained(response: ServerResponse): Promise<boolean> {
  try {
    await once(response, 'drain', { signal: AbortSignal.timeout(slowMs) });
    return true;
  } catch {
    response.destroy();
    return false;
  }
}
