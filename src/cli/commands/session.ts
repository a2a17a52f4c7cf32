import { requireName } from '../../model/names';
import type { Stack } from '../../config';
import type { DeployCodeClient } from '../../client/client';
import { BadRequest } from '../../temporal/errors';
import type { ConnectionOptions } from '../options';

/**
 * Connects, does the work, and closes the connection whatever happens. Loaded late: `validate` needs no Temporal.
 * @throws NameProblem
 */
export async function withClient<T>(
  options: ConnectionOptions & { env?: string },
  work: (client: DeployCodeClient) => Promise<T>,
): Promise<T> {
  if (options.env !== undefined) requireName('environment', options.env);
  const { DeployCodeClient } = await import('../../client/client.js');
  const client = await DeployCodeClient.connect(options);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** ` -c shop.yaml -e staging`: how to name the same environment in another command. */
export function placeArguments({ config, env }: { config: string; env?: string }): string {
  return `${config === 'deploy-code.yaml' ? '' : ` -c ${config}`}${env ? ` -e ${env}` : ''}`;
}

/** @throws BadRequest where the stack has no such service */
export function serviceOf({ services }: Stack, name: string): Stack['services'][string] {
  const service = services[name];
  if (!service) throw new BadRequest(`there is no service "${name}"; available: ${Object.keys(services).join(', ')}`);
  return service;
}
