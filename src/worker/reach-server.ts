import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, type Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { NativeConnection, TransportError } from '@temporalio/worker';
import type { Logger } from 'pino';
import { connect, type ConnectionSettings } from '../temporal/connection';
import { EngineUnreachable } from '../temporal/errors';
import { registerSearchAttributes } from '../temporal/search-attributes';
import { monotonicMs } from '../guard/monotonic';

const waitMs = 60_000;
const pauseMs = 1000;
const unavailableCodes = [4, 14];

export interface ServerConnections {
  client: Client;
  native: NativeConnection;
}

/**
 * Connects to Temporal, and registers the search attributes. Waits for a server that is unavailable for a moment, such
 * as during a restart.
 */
export async function reachServer(
  settings: ConnectionSettings,
  logger: Logger,
  interceptors: WorkflowClientInterceptor[] = [],
): Promise<ServerConnections> {
  for (const deadline = monotonicMs() + waitMs; ; await sleep(pauseMs)) {
    try {
      return await reachOnce(settings, interceptors);
    } catch (error) {
      if (!isUnavailable(error) || monotonicMs() > deadline) throw error;
      logger.warn({ address: settings.connection.address }, `waiting for Temporal: ${(error as Error).message}`);
    }
  }
}

async function reachOnce(
  settings: ConnectionSettings,
  interceptors: WorkflowClientInterceptor[],
): Promise<ServerConnections> {
  const client = await connect(settings, interceptors);
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

function isUnavailable(error: unknown): boolean {
  return (
    error instanceof EngineUnreachable ||
    error instanceof TransportError ||
    (isGrpcServiceError(error) && unavailableCodes.includes(Number(error.code)))
  );
}
