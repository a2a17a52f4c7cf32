import { createServer } from 'node:net';
import { userName } from '../../client/user';
import { freePort } from '../../guard/free-port';
import { say } from '../output/terminal';

const usualPort = 8234;
const host = '127.0.0.1';

/**
 * Serves the dashboard and the API of a development engine on loopback, without log-in: whoever runs programs on this
 * machine reaches Temporal too. Pages of other origins are refused.
 */
export async function serveApi(
  address: string,
  port?: number,
): Promise<{ origin: string; close: () => Promise<void> }> {
  const [{ createApiServer }, { DirectClient }] = await Promise.all([
    import('../../api/index.js'),
    import('../../client/client.js'),
  ]);
  const client = await DirectClient.connect({ address });
  const app = await createApiServer({
    client,
    host: { bound: host },
    anyone: `user:${userName()}`,
    version: (require('../../../package.json') as { version: string }).version,
    onFailure: (error) => say(`a request to the API failed: ${error.message}`),
  });
  const used = port ?? ((await isFree(usualPort)) ? usualPort : await freePort());
  await app.listen({ host, port: used });
  return {
    origin: `http://localhost:${used}`,
    close: async () => {
      await app.close();
      await client.close();
    },
  };
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
