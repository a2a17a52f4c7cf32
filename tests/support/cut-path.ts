import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** `open`: passes everything; `refused`: closes every connection; `silent`: takes connections, and passes nothing. */
type Condition = 'open' | 'refused' | 'silent';

/** A way to a TCP server that can be cut. */
export class CutPath {
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => this.pass(socket));
  private condition: Condition = 'open';

  constructor(private readonly target: { host: string; port: number }) {}

  /** Resolves with the address that leads through it. */
  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  become(condition: Condition): void {
    this.condition = condition;
    for (const socket of this.sockets) {
      if (condition === 'refused') socket.destroy();
      else if (condition === 'silent') socket.pause().unpipe();
      else socket.destroy();
    }
  }

  stop(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private pass(socket: Socket): void {
    this.hold(socket);
    if (this.condition === 'refused') socket.destroy();
    if (this.condition !== 'open') return;
    const far = connect(this.target);
    this.hold(far);
    socket.pipe(far).pipe(socket);
  }

  private hold(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy()).once('close', () => this.sockets.delete(socket));
  }
}
