import type { AddressInfo } from 'node:net';
import { createApiServer, type ServerOptions } from '../../src/api';
import type { DirectClient } from '../../src/client';

export interface ApiServer {
  /** Origin. */
  url: string;
  close(): Promise<void>;
}

/** A server of the API on a free port of loopback. */
export async function serveApi(
  client: DirectClient,
  onFailure: (error: Error) => void,
  more: Partial<ServerOptions> = {},
): Promise<ApiServer> {
  const server = await createApiServer({
    client,
    host: { bound: '127.0.0.1', allowed: [] },
    version: '0',
    perMinute: 100_000,
    onFailure,
    ...more,
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    close: () => server.close(),
  };
}
