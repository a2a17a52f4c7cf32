import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import WebSocket from 'ws';

export interface Message {
  id?: string;
  event: string;
  data: Record<string, unknown>;
}

/** Waits until something is so. */
export async function until(isSo: () => boolean, what: string, limitMs = 10_000): Promise<void> {
  for (const begin = Date.now(); !isSo(); await new Promise((done) => setTimeout(done, 10)))
    if (Date.now() - begin > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
}

/** An answer that is read while it lasts. */
export class Stream {
  text = '';
  isOver = false;

  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
    response.on('close', () => (this.isOver = true)).on('error', () => undefined);
  }

  static async open(url: string, token: string, headers: Record<string, string> = {}): Promise<Stream> {
    const asking = request(url, { headers: { authorization: `Bearer ${token}`, ...headers }, agent: false }).end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    return new Stream(response);
  }

  get status(): number {
    return this.response.statusCode!;
  }

  get type(): string {
    return this.response.headers['content-type'] ?? '';
  }

  /** Of server-sent events. */
  get messages(): Message[] {
    return this.text.split('\n\n').flatMap((block) => {
      const fields = new Map(
        block.split('\n').map((line) => [line.split(': ', 1)[0]!, line.slice(line.indexOf(': ') + 2)]),
      );
      const [event, id, data] = [fields.get('event'), fields.get('id'), fields.get('data')];
      if (event === undefined || data === undefined) return [];
      return [{ event, ...(id !== undefined && { id }), data: JSON.parse(data) as Message['data'] }];
    });
  }

  async has(isIt: (message: Message) => boolean, what: string): Promise<Message> {
    await until(() => this.messages.some(isIt), `${what}; it has ${this.text}`);
    return this.messages.find(isIt)!;
  }

  async ended(limitMs?: number): Promise<void> {
    await until(() => this.isOver, `the end of the stream; it has ${this.text}`, limitMs);
  }

  close(): void {
    this.response.destroy();
  }
}

/** A WebSocket and what came on it. */
export class SocketClient {
  readonly messages: Record<string, unknown>[] = [];
  closed?: { code: number; reason: string };

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (text: Buffer) => this.messages.push(JSON.parse(text.toString()) as Record<string, unknown>));
    socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }));
    socket.on('error', () => undefined);
  }

  /** @throws Error with the status if the handshake is refused */
  static async open(
    port: number,
    token: string | undefined,
    options: WebSocket.ClientOptions = {},
  ): Promise<SocketClient> {
    const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...options.headers };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live`, { ...options, headers });
    const client = new SocketClient(socket);
    await once(socket, 'open');
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async has(isIt: (message: Record<string, unknown>) => boolean, what: string): Promise<Record<string, unknown>> {
    await until(() => this.messages.some(isIt), `${what}; it has ${JSON.stringify(this.messages)}`);
    return this.messages.find(isIt)!;
  }

  async closedWith(): Promise<number> {
    await until(() => this.closed !== undefined, 'the end of the connection');
    return this.closed!.code;
  }
}
