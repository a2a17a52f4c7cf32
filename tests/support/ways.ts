import { userInfo } from 'node:os';
import { DirectClient } from '../../src/client';
import { serveApi, type ApiServer } from './api-server';
import { address } from './engine';
import { isFull } from './exhaustive';
import type { Namespace } from './namespaces';

/** How the command line reaches the engine; through a server in `npm run test:full` only. */
export const ways = isFull ? (['by way of Temporal', 'through a server'] as const) : (['by way of Temporal'] as const);
export type Way = (typeof ways)[number];

export interface OpenWay {
  /** What a command needs in its environment. */
  environment: Record<string, string>;
  /** Whom requests are recorded as. */
  author: string;
  close(): Promise<void>;
}

/** Opens a way to a namespace in which a worker runs, for somebody who may do everything. */
export async function openWay(way: Way | 'through a server', namespace: Namespace): Promise<OpenWay> {
  if (way === 'by way of Temporal')
    return {
      environment: { TEMPORAL_ADDRESS: address(), TEMPORAL_NAMESPACE: namespace },
      author: userInfo().username,
      close: async () => undefined,
    };
  const client = await DirectClient.connect({ address: address(), namespace });
  const failures: Error[] = [];
  await client.access.grant({ subject: 'user:ana', role: 'admin', scope: '*' });
  const { token } = await client.access.createToken('user:ana');
  const server: ApiServer = await serveApi(client, (error) => failures.push(error));
  return {
    environment: { TEMPORAL_ADDRESS: '', DEPLOY_CODE_SERVER: server.url, DEPLOY_CODE_TOKEN: token },
    author: 'user:ana',
    close: async () => {
      await server.close();
      await client.close();
      expect(failures).toEqual([]);
    },
  };
}
