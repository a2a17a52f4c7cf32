import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What a peer does to whoever connects to it. */
export type Hostility = 'hangs' | 'trickles' | 'sends without end';

export const hostilities: readonly Hostility[] = ['hangs', 'trickles', 'sends without end'];

const dripMs = 10;
const flood = Buffer.alloc(64 * 1024, 'x');

/**
 * A peer that takes connections and never comes to an end: it says nothing, or begins as a good one would (`opening`)
 * and then goes on with a byte at a time or with as much as the connection takes.
 */
export class HostilePeer {
  /** Connections that are open now, and the most there were at once. */
  open = 0;
  most = 0;
  /** Bytes that the connections have taken. */
  sent = 0;
  private readonly server: Server;

  constructor(
    private readonly hostility: Hostility,
    private readonly opening = '',
  ) {
    this.server = createServer((socket) => this.meet(socket));
  }

  /** Resolves with its port on the loopback address. */
  async start(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => this.server.close(resolve));
  }

  private readonly sockets = new Set<Socket>();

  private meet(socket: Socket): void {
    this.sockets.add(socket);
    this.open += 1;
    this.most = Math.max(this.most, this.open);
    socket
      .on('error', () => undefined)
      .resume()
      .once('close', () => {
        this.open -= 1;
        this.sockets.delete(socket);
      });
    if (this.hostility === 'trickles') this.trickle(socket);
    if (this.hostility === 'sends without end') this.pour(socket);
  }

  private trickle(socket: Socket): void {
    let place = 0;
    const drip = setInterval(() => socket.write(this.opening[place++] ?? 'x'), dripMs);
    socket.once('close', () => clearInterval(drip));
  }

  private pour(socket: Socket): void {
    const more = () => {
      while (!socket.destroyed && socket.write(flood)) this.sent += flood.length;
    };
    socket.on('drain', more).write(this.opening);
    more();
  }
}
