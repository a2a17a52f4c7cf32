import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How the way to Docker is at the moment; `share` of the requests fail, `upToMs` is added to each. */
export type Mood =
  { kind: 'calm' } | { kind: 'slow'; upToMs: number } | { kind: 'failing'; share: number } | { kind: 'away' };

const refusal = '{"message":"the engine is not itself"}';
const answer500 =
  'HTTP/1.1 500 Internal Server Error\r\nContent-Type: ' +
  `application/json\r\nContent-Length: ${refusal.length}\r\nConnection: close\r\n\r\n${refusal}`;

/** Stands between the worker and the Docker Engine, and can be slow, fail, lose answers, or be gone. */
export class DockerProxy {
  mood: Mood = { kind: 'calm' };
  private server?: Server;
  private readonly open = new Set<Socket>();

  constructor(
    readonly socket: string,
    private readonly engine: string,
  ) {}

  async start(): Promise<void> {
    rmSync(this.socket, { force: true });
    this.server = createServer((client) => this.serve(client)).listen(this.socket);
    await once(this.server, 'listening');
  }

  stop(): void {
    this.server?.close();
    for (const socket of this.open) socket.destroy();
  }

  private serve(client: Socket): void {
    if (this.mood.kind === 'away') return void client.destroy();
    const engine = connect(this.engine);
    this.open.add(client);
    const end = () => {
      this.open.delete(client);
      client.destroy();
      engine.destroy();
    };
    for (const socket of [client, engine]) socket.on('error', end).on('close', end);
    engine.pipe(client);
    let before = Promise.resolve();
    client.on(
      'data',
      (chunk: Buffer) => void (before = before.then(() => this.pass(chunk, client, engine)).catch(end)),
    );
    client.on('end', () => void before.then(() => engine.end()));
  }

  private async pass(chunk: Buffer, client: Socket, engine: Socket): Promise<void> {
    const { mood } = this;
    if (mood.kind === 'slow') await sleep(Math.random() * mood.upToMs);
    if (mood.kind === 'failing' && isRequest(chunk) && Math.random() < mood.share) return fail(chunk, client, engine);
    if (!engine.write(chunk)) await once(engine, 'drain');
  }
}

function isRequest(chunk: Buffer): boolean {
  return /^(GET|HEAD|POST|PUT|DELETE) /.test(chunk.subarray(0, 8).toString('latin1'));
}

/** Refused, lost on the way there, or, worst of all, done and the answer lost. */
function fail(chunk: Buffer, client: Socket, engine: Socket): void {
  const way = Math.random();
  if (way < 0.4) return void client.end(answer500);
  if (way < 0.7) return void client.destroy();
  engine.unpipe(client);
  engine.write(chunk);
  engine.once('data', () => client.destroy());
  engine.resume();
}
