import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { createGuardedServer, text, type Answer, type ServerLimits } from '../guard/server';

export interface HttpOptions {
  port: number;
  /** Default: the loopback address, because metrics contain names of services. */
  host?: string;
  metrics: Registry;
  /** The SDK's own metrics, in Prometheus's format. */
  sdkMetrics?: () => Promise<string>;
  /** Why the process is not ready; empty if it is. */
  problems: () => string[] | Promise<string[]>;
  /** Called with the error of each failed request. */
  onFailure: (error: Error) => void;
  limits?: Partial<ServerLimits>;
}

/** Serves `/metrics`, `/healthz` (the process is alive) and `/readyz` (it can do its work). */
export async function serveHttp(options: HttpOptions): Promise<Server> {
  const { port, host = '127.0.0.1', onFailure, limits } = options;
  const routes = routesOf(options);
  const server = createGuardedServer({
    onFailure,
    limits,
    answer: async ({ method }, path) => {
      if (method !== 'GET' && method !== 'HEAD') return text(405, 'use GET', { allow: 'GET, HEAD' });
      return routes.get(path)?.() ?? text(404, 'not found');
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  server.on('error', onFailure);
  return server;
}

function routesOf({ metrics, sdkMetrics, problems }: HttpOptions): Map<string, () => Promise<Answer>> {
  const measured = async (): Promise<Answer> => ({
    status: 200,
    headers: { 'content-type': metrics.contentType },
    body: `${await metrics.metrics()}\n${(await sdkMetrics?.().catch(() => '')) ?? ''}`,
  });
  return new Map([
    ['/metrics', measured],
    ['/healthz', async () => text(200, 'ok')],
    ['/readyz', async () => readiness(await problems())],
  ]);
}

function readiness(problems: string[]): Answer {
  return problems.length === 0 ? text(200, 'ready') : text(503, ['not ready', ...problems].join('\n'));
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
