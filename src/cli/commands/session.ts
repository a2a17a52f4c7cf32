import { dirname } from 'node:path';
import { requireName } from '../../model/names';
import type { Stack } from '../../config';
import type { DeployCodeClient } from '../../client/client';
import { BadRequest } from '../../temporal/errors';
import type { ConnectionOptions } from '../options';

/**
 * Runs a function with a connected client, and closes the connection. Loads the client lazily, because `validate` needs
 * no Temporal.
 * @throws NameProblem if `--env` is not a valid name
 */
export async function withClient<T>(
  options: ConnectionOptions & { env?: string; config?: string },
  work: (client: DeployCodeClient) => Promise<T>,
): Promise<T> {
  if (options.env !== undefined) requireName('environment', options.env);
  const { DeployCodeClient } = await import('../../client/client.js');
  const { address, namespace, config } = options;
  const client = await DeployCodeClient.connect({
    address,
    namespace,
    ...(config !== undefined && { folder: dirname(config) }),
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** ` -c shop.yaml -e staging`: the options that select the same environment in another command. */
export function placeArguments({ config, env }: { config: string; env?: string }): string {
  return `${config === 'deploy-code.yaml' ? '' : ` -c ${config}`}${env ? ` -e ${env}` : ''}`;
}

/** @throws BadRequest if the stack has no such service */
export function serviceOf({ services }: Stack, name: string): Stack['services'][string] {
  const service = services[name];
  if (!service) throw new BadRequest(`there is no service "${name}"; available: ${Object.keys(services).join(', ')}`);
  return service;
}
