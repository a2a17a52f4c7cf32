import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './until';

/** WebSockets that live for a while each, and miss every echo that does not come back. */
export class EchoSockets {
  private readonly report = { sent: 0, failed: {} as Record<string, number> };
  private readonly workers: Promise<void>[];
  private readonly open = new Set<Socket>();
  private over = false;

  constructor(
    private readonly port: number,
    count: number,
    private readonly lifeMs: number,
    private readonly host = 'front',
  ) {
    this.workers = Array.from({ length: count }, () => this.work());
  }

  /** Resolves once so many echoes have come back. */
  async echoed(count: number): Promise<void> {
    await until(() => this.report.sent >= count);
  }

  /** Ends at once, whatever the sockets are doing. */
  abandon(): void {
    this.over = true;
    for (const socket of this.open) socket.destroy();
  }

  async stop(): Promise<{ sent: number; failed: Record<string, number> }> {
    this.over = true;
    await Promise.all(this.workers);
    return this.report;
  }

  private async work(): Promise<void> {
    while (!this.over) {
      try {
        await this.life();
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        this.report.failed[code ?? message] = (this.report.failed[code ?? message] ?? 0) + 1;
      }
    }
  }

  private async life(): Promise<void> {
    const socket = connect(this.port, '127.0.0.1');
    this.open.add(socket);
    socket.once('close', () => this.open.delete(socket));
    await once(socket, 'connect');
    socket.write(
      `GET / HTTP/1.1\r\nHost: ${this.host}\r\nUpgrade: websocket\r\nConnection: ` +
        `Upgrade\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    const answer = (await chunk(socket)).toString();
    if (!answer.startsWith('HTTP/1.1 101')) throw new Error(answer.split('\r\n')[0]);
    for (const end = Date.now() + this.lifeMs; Date.now() < end; await sleep(50)) {
      socket.write(masked('hello'));
      if (!(await chunk(socket)).toString().endsWith('hello')) throw new Error('another echo');
      this.report.sent += 1;
    }
    socket.end(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
    await once(socket, 'close');
  }
}

async function chunk(socket: Socket): Promise<Buffer> {
  const gone = new AbortController();
  try {
    const [data] = (await Promise.race([
      once(socket, 'data', gone),
      once(socket, 'close', gone).then(() => Promise.reject(new Error('closed'))),
    ])) as [Buffer];
    return data;
  } finally {
    gone.abort();
  }
}

function masked(text: string): Buffer {
  const key = randomBytes(4);
  const bytes = Buffer.from(text).map((byte, index) => byte ^ key[index % 4]!);
  return Buffer.concat([Buffer.from([0x81, 0x80 | bytes.length]), key, bytes]);
}
