import { Client, Connection, isGrpcServiceError, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { dataConverter } from '../payloads/data-converter';
import { rememberedEngine } from './development';
import { EngineUnreachable } from './errors';
import { isRefused, translated } from './temporal-errors';

const notFound = 5;

export interface ConnectionSettings {
  connection: ConnectionOptions;
  namespace: string;
}

/**
 * The address of Temporal: the given one, else that of Temporal's own environment variables and profiles, else that of
 * `deploy-code dev` in this folder, else localhost:7233.
 */
export function connectionSettings(given: { address?: string; namespace?: string } = {}): ConnectionSettings {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const address = given.address || connectionOptions.address || developmentAddress() || 'localhost:7233';
  return {
    connection: { ...connectionOptions, address, connectTimeout: '3s' },
    namespace: given.namespace ?? namespace ?? 'default',
  };
}

/** @throws EngineUnreachable if the development engine of this folder has stopped, instead of using another server */
function developmentAddress(): string | undefined {
  const found = rememberedEngine();
  if (found && !found.isRunning) {
    throw new EngineUnreachable(
      `the development engine of ${found.folder} has stopped`,
      'start it with `deploy-code dev`, or name another Temporal server ' +
        'with --address, TEMPORAL_ADDRESS or a Temporal profile',
    );
  }
  return found?.engine.address;
}

/** Connects, and checks that the namespace exists. @throws EngineUnreachable with advice */
export async function connect(settings: ConnectionSettings): Promise<Client> {
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
  return new Client({ connection, namespace, dataConverter: dataConverter() });
}

async function reach({ connection: options }: ConnectionSettings): Promise<Connection> {
  try {
    return await Connection.connect(options);
  } catch (error) {
    if (isRefused(error)) throw translated(error);
    throw new EngineUnreachable(
      `no Temporal server answers at ${options.address}`,
      'start one with `deploy-code dev`, or name yours with --address, TEMPORAL_ADDRESS or a Temporal profile',
      { cause: error },
    );
  }
}
