import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { compressionCodec } from '../payloads/codec';
import { findDevelopmentEngine } from './development';
import { EngineUnreachable } from './errors';

export interface ConnectionSettings {
  connection: ConnectionOptions;
  namespace: string;
}

/**
 * Where Temporal is: what is given, else Temporal's own environment variables and profiles, else a
 * `deploy-code dev` of this folder, else localhost:7233.
 */
export function connectionSettings(given: { address?: string; namespace?: string } = {}): ConnectionSettings {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const address = given.address ?? connectionOptions.address ?? findDevelopmentEngine()?.address ?? 'localhost:7233';
  return { connection: { ...connectionOptions, address, connectTimeout: '3s' }, namespace: given.namespace ?? namespace ?? 'default' };
}

/** @throws EngineUnreachable with what to do */
export async function connect(settings: ConnectionSettings): Promise<Client> {
  const { connection: options, namespace } = settings;
  try {
    const connection = await Connection.connect(options);
    return new Client({ connection, namespace, dataConverter: { payloadCodecs: [compressionCodec] } });
  } catch (error) {
    throw new EngineUnreachable(
      `no Temporal server answers at ${options.address}`,
      'start one with `deploy-code dev`, or name yours with --address, TEMPORAL_ADDRESS or a Temporal profile',
      { cause: error },
    );
  }
}
