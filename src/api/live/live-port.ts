import { once } from 'node:events';
import { createServer } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { prefix } from '../description';
import { ApiProblem } from '../problems';

/** A port of its own for live topics, which a firewall or a proxy can treat in its own way. */

const path = `${prefix}/live`;

/** Answers nothing but live topics at a port. Before {@link listenForLive}. */
export function keepPortForLive(app: FastifyInstance, port: number): void {
  app.addHook('onRequest', ({ socket, url }, _, done) => {
    const isLive = url === path || url.startsWith(`${path}?`);
    if (socket.localPort === port && !isLive) throw new ApiProblem('not_found', `this port has only ${path}`);
    done();
  });
}

/** Takes connections at another port as those of the server, with its TLS and its limits, until it stops. */
export async function listenForLive(app: FastifyInstance, { host, port }: { host: string; port: number }) {
  const listener = createServer((socket) => app.server.emit('connection', socket));
  listener.maxConnections = app.server.maxConnections;
  listener.listen(port, host);
  await once(listener, 'listening');
  return () => listener.close();
}
