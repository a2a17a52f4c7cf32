import { createServer, type Server, type ServerResponse } from 'node:http';

export const peerPort = 9911;

/** How a subscriber takes what it is sent. */
export type PeerMood = 'calm' | 'silent' | 'trickling' | 'endless';

/** A subscriber over HTTP that can be made to hang, to answer byte by byte, or without end. */
export class Peer {
  mood: PeerMood = 'calm';
  readonly url = `http://127.0.0.1:${peerPort}/hook`;
  private readonly server: Server = createServer((request, response) => {
    request.resume().on('end', () => this.answer(response));
  });

  start(): Promise<void> {
    return new Promise((resolve) => this.server.listen(peerPort, '127.0.0.1', resolve));
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private answer(response: ServerResponse): void {
    if (this.mood === 'calm') return void response.writeHead(204).end();
    if (this.mood === 'silent') return;
    response.writeHead(200);
    const [bytes, everyMs] = this.mood === 'trickling' ? [1, 500] : [65_536, 1];
    const timer = setInterval(() => response.write(Buffer.alloc(bytes, 'x')), everyMs);
    response.once('close', () => clearInterval(timer));
  }
}
