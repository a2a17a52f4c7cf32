import type { Server } from 'node:http';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { createGuardedServer, text } from '../guard/server';

/** Metrics of the API. */
export class ApiMetrics {
  readonly registry = new Registry();
  private readonly seconds = new Histogram({
    name: 'deploy_code_api_request_seconds',
    help: 'Time that requests took, by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
    registers: [this.registry],
  });
  private readonly denied = new Counter({
    name: 'deploy_code_api_denied_total',
    help: 'Requests that were not allowed, by status.',
    labelNames: ['status'],
    registers: [this.registry],
  });

  private readonly streams = new Gauge({
    name: 'deploy_code_api_streams',
    help: 'Streams of events that are open.',
    registers: [this.registry],
  });

  /** Counts a stream for as long as it lasts. */
  async countStream(stream: Promise<void>): Promise<void> {
    this.streams.inc();
    await stream.finally(() => this.streams.dec());
  }

  observe(route: string, method: string, status: number, seconds: number): void {
    this.seconds.observe({ route, method, status: String(status) }, seconds);
  }

  deny(status: string): void {
    this.denied.inc({ status });
  }
}

interface InnerOptions {
  port: number;
  metrics: ApiMetrics;
  /** Why no request can be served; undefined if they can. */
  problem: () => Promise<string | undefined>;
  onFailure: (error: Error) => void;
}

/** Serves `/healthz`, `/readyz` and `/metrics` on the loopback interface, apart from the API. */
export async function serveInner({ port, metrics, problem, onFailure }: InnerOptions): Promise<Server> {
  const server = createGuardedServer({
    onFailure,
    answer: async ({ method }, path) => {
      if (method !== 'GET' && method !== 'HEAD') return text(405, 'use GET', { allow: 'GET, HEAD' });
      if (path === '/healthz') return text(200, 'ok');
      if (path === '/metrics')
        return text(200, await metrics.registry.metrics(), { 'content-type': metrics.registry.contentType });
      if (path !== '/readyz') return text(404, 'not found');
      const found = await problem();
      return found === undefined ? text(200, 'ready') : text(503, `not ready\n${found}`);
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  server.on('error', onFailure);
  return server;
}
