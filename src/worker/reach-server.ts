import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, type Client } from '@temporalio/client';
import { NativeConnection, TransportError } from '@temporalio/worker';
import type { Logger } from 'pino';
import { connect, type ConnectionSettings } from '../temporal/connection';
import { EngineUnreachable } from '../temporal/errors';
import { registerSearchAttributes } from '../temporal/search-attributes';
import { monotonicMs } from '../guard/monotonic';

const waitMs = 60_000;
const pauseMs = 1000;
const away = [4, 14];

export interface ServerConnections {
  client: Client;
  native: NativeConnection;
}

/**
 * Connects to a Temporal server that is ready for the engine. One that is away for a moment, for it restarts or starts
 * beside the worker, is waited for.
 */
export async function reachServer(settings: ConnectionSettings, logger: Logger): Promise<ServerConnections> {
  for (const deadline = monotonicMs() + waitMs; ; await sleep(pauseMs)) {
    try {
      return await reachOnce(settings);
    } catch (error) {
      if (!isAway(error) || monotonicMs() > deadline) throw error;
      logger.warn({ address: settings.connection.address }, `waits for Temporal: ${(error as Error).message}`);
    }
  }
}

async function reachOnce(settings: ConnectionSettings): Promise<ServerConnections> {
  const client = await connect(settings);
  try {
    const [native] = await Promise.all([
      NativeConnection.connect(settings.connection as never),
      registerSearchAttributes(client.connection, settings.namespace),
    ]);
    return { client, native };
  } catch (error) {
    await client.connection.close();
    throw error;
  }
}

function isAway(error: unknown): boolean {
  return (
    error instanceof EngineUnreachable ||
    error instanceof TransportError ||
    (isGrpcServiceError(error) && away.includes(Number(error.code)))
  );
}
