import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { problemOf } from '../problems';
import type { StreamType } from './topics';

/** Keeps proxies from closing a connection on which nothing happens. */
const commentEveryMs = 15_000;
/** A reader that takes nothing for this time is dropped; it resumes after the last message that it has. */
const slowMs = 30_000;

/** A message as it is sent. */
export interface Sent {
  name: string;
  id?: string;
  data: unknown;
}

/** An answer that is written while it lasts, as fast as its reader takes it: never more than a page waits in memory. */
export class StreamAnswer {
  private readonly comments?: NodeJS.Timeout;

  constructor(
    private readonly response: ServerResponse,
    private readonly type: StreamType,
    headers: Record<string, string>,
  ) {
    // A reader that goes while something is written is no error of the server.
    response.on('error', () => undefined);
    response.writeHead(200, {
      ...headers,
      'content-type': `${type}; charset=utf-8`,
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    if (type === 'text/event-stream')
      this.comments = setInterval(() => response.writableNeedDrain || response.write(':\n\n'), commentEveryMs);
  }

  /** False if the reader has gone, or takes nothing. */
  async send(message: Sent): Promise<boolean> {
    return this.write(formats[this.type](message));
  }

  /** What is of the type already. False if the reader has gone, or takes nothing. */
  async write(text: string | Buffer): Promise<boolean> {
    if (this.response.destroyed || this.response.writableEnded) return false;
    return text.length === 0 || this.response.write(text) || this.drained();
  }

  comment(text: string): void {
    this.response.write(`: ${text}\n\n`);
  }

  end(): void {
    clearInterval(this.comments);
    this.response.end();
  }

  private async drained(): Promise<boolean> {
    try {
      await once(this.response, 'drain', { signal: AbortSignal.timeout(slowMs) });
      return true;
    } catch {
      this.response.destroy();
      return false;
    }
  }
}

/** How a message is written in each type. */
const formats: Record<StreamType, (message: Sent) => string> = {
  'text/event-stream': ({ name, id, data }: Sent) =>
    `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`,
  'application/x-ndjson': ({ name, id, data }: Sent) =>
    `${JSON.stringify({ name, ...(id !== undefined && { id }), data })}\n`,
  /** Only log lines, behind the names of their instances. */
  'text/plain': ({ name, data }: Sent) => {
    if (name === 'problem' || name === 'slow')
      return `(the stream has ended: ${(data as { detail: string }).detail})\n`;
    if (name !== 'lines') return '';
    const { instance, lines } = data as { instance: string; lines: string[] };
    return lines.map((line) => `${instance} | ${line}\n`).join('');
  },
};

/** Writes messages until they end; a problem on the way is the last of them. */
export async function writeMessages(answer: StreamAnswer, messages: AsyncIterable<Sent>): Promise<void> {
  try {
    for await (const message of messages) if (!(await answer.send(message))) return;
  } catch (error) {
    await answer.send({ name: 'problem', data: problemOf(error) });
  } finally {
    answer.end();
  }
}
