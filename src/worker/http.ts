import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface HttpOptions {
  port: number;
  /** Defaults to the loopback address: metrics name services. */
  host?: string;
  metrics: Registry;
  /** The SDK's own metrics, in Prometheus's format. */
  sdkMetrics: () => Promise<string>;
  ready: () => boolean;
}

/** `/metrics`, `/healthz` (the process lives) and `/readyz` (it polls for work). */
export async function serveHttp({ port, host = '127.0.0.1', metrics, sdkMetrics, ready }: HttpOptions): Promise<Server> {
  const routes: Record<string, () => Promise<[number, string, string]>> = {
    '/metrics': async () => [200, metrics.contentType, `${await metrics.metrics()}\n${await sdkMetrics().catch(() => '')}`],
    '/healthz': async () => [200, 'text/plain', 'ok\n'],
    '/readyz': async () => (ready() ? [200, 'text/plain', 'ready\n'] : [503, 'text/plain', 'not ready\n']),
  };
  const server = createServer((request, response) => {
    const route = routes[new URL(request.url ?? '/', 'http://localhost').pathname];
    const answer = route ? route() : Promise.resolve([404, 'text/plain', 'not found\n'] as const);
    void answer.then(([status, type, body]) => response.writeHead(status, { 'content-type': type }).end(body));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
