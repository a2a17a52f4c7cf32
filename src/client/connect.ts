import type { Client } from '@temporalio/client';
import type { Connecting } from '../temporal/connection';
import type { DirectClient, Signing } from './client';
import type { EngineClient } from './engine-client';
import type { RemoteConnecting } from './remote';

/** Deploys stacks, and queries them: by way of Temporal, or through a server. */
export type DeployCodeClient = EngineClient;

/**
 * Through a server: `{ server: 'https://deploy.example.com', token }`.
 * @throws BadRequest if the address is not one, or a token would travel unencrypted
 */
async function connect(given: RemoteConnecting): Promise<DeployCodeClient>;
/**
 * By way of Temporal, with Temporal's own settings: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS, API keys, profiles.
 * @throws EngineUnreachable if no server answers
 */
async function connect(given?: Connecting & Signing): Promise<DirectClient>;
async function connect(given: (Connecting & Signing) | RemoteConnecting = {}): Promise<DeployCodeClient> {
  if ('server' in given) return new (await import('./remote/index.js')).RemoteClient(given);
  return (await import('./client.js')).DirectClient.connect(given);
}

export const DeployCodeClient = {
  connect,
  /** Uses an open connection to Temporal, which the caller closes. */
  over: (temporal: Client): DirectClient =>
    (require('./client') as typeof import('./client')).DirectClient.over(temporal),
};
