import {
  Client,
  Connection,
  isGrpcServiceError,
  type ConnectionOptions,
  type WorkflowClientInterceptor,
} from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { isLoopback } from '../../model/names/registry';
import { dataConverter } from '../../payloads/data-converter';
import { rememberedEngine } from './development';
import { EngineUnreachable } from '../errors';
import { retries } from './retries';
import { isRefused, translated } from '../temporal-errors';

const notFound = 5;

/** What a caller says about the connection. */
export interface Connecting {
  address?: string;
  namespace?: string;
  /** Folder of the stack file: an engine may have been started there. */
  folder?: string;
}

export interface ConnectionSettings {
  connection: ConnectionOptions;
  namespace: string;
}

/**
 * The address of Temporal: the given one, else that of Temporal's own environment variables and profiles, else that of
 * `deploy-code dev` in this folder or in that of the stack file (`folder`), else localhost:7233.
 */
export function connectionSettings(given: Connecting = {}): ConnectionSettings {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const address = given.address || connectionOptions.address || developmentAddress(given.folder) || 'localhost:7233';
  return {
    connection: { ...connectionOptions, address, connectTimeout: '3s' },
    namespace: given.namespace ?? namespace ?? 'default',
  };
}

/** @throws EngineUnreachable if the development engine of a folder has stopped, instead of using another server */
function developmentAddress(folder: string | undefined): string | undefined {
  const remembered = [rememberedEngine(), ...(folder === undefined ? [] : [rememberedEngine(folder)])];
  const found = remembered.find((each) => each?.isRunning) ?? remembered.find((each) => each !== undefined);
  if (found && !found.isRunning) {
    throw new EngineUnreachable(
      `the development engine of ${found.folder} has stopped`,
      'start it with `deploy-code dev`, or name another Temporal server ' +
        'with --address, TEMPORAL_ADDRESS or a Temporal profile',
    );
  }
  return found?.engine.address;
}

/**
 * Connects, and checks that the namespace exists. `interceptors`: of messages to workflows.
 * @throws EngineUnreachable with advice
 */
export async function connect(
  settings: ConnectionSettings,
  interceptors: WorkflowClientInterceptor[] = [],
): Promise<Client> {
  const { namespace } = settings;
  const connection = await reach(settings);
  await connection.workflowService.describeNamespace({ namespace }).catch((error: unknown) => {
    if (!isGrpcServiceError(error) || Number(error.code) !== notFound) return;
    throw new EngineUnreachable(
      `the Temporal server at ${settings.connection.address} has no namespace "${namespace}"`,
      `create it with \`temporal operator namespace create -n ${namespace}\`, ` +
        'or name another with --namespace or TEMPORAL_NAMESPACE',
      { cause: error },
    );
  });
  return new Client({
    connection,
    namespace,
    dataConverter: dataConverter(),
    interceptors: { workflow: interceptors },
  });
}

/** True if a connection to Temporal leaves this machine without TLS. */
export function isPlain({ connection }: Client): boolean {
  const { credentials, address } = (connection as Connection).options;
  return !credentials._isSecure() && !isLoopback(address);
}

async function reach({ connection: options }: ConnectionSettings): Promise<Connection> {
  try {
    return await Connection.connect({ ...options, interceptors: retries });
  } catch (error) {
    if (isRefused(error)) throw translated(error);
    throw new EngineUnreachable(
      `no Temporal server answers at ${options.address}`,
      'start one with `deploy-code dev`, or name yours with --address, TEMPORAL_ADDRESS or a Temporal profile',
      { cause: error },
    );
  }
}
