import { dirname } from 'node:path';
import { requireName } from '../../model/names';
import type { Stack } from '../../config';
import type { DeployCodeClient } from '../../client/connect';
import { chosenServer } from '../contexts/choose';
import { BadRequest } from '../../temporal/errors';
import type { ConnectionOptions, FileOptions } from '../options';

/**
 * Runs a function with a connected client, and closes the connection. Loads the client lazily, because `validate` needs
 * no Temporal.
 * @throws NameProblem if `--env` is not a valid name
 */
export async function withClient<T>(
  options: ConnectionOptions & FileOptions,
  work: (client: DeployCodeClient) => Promise<T>,
): Promise<T> {
  if (options.env !== undefined) requireName('environment', options.env);
  const { DeployCodeClient } = await import('../../client/connect.js');
  const { address, namespace, config, file: [file = config] = [] } = options;
  const folder = file === undefined ? {} : { folder: dirname(config ?? file) };
  const server = chosenServer({ ...options, ...folder });
  const client: DeployCodeClient = server
    ? await DeployCodeClient.connect(server)
    : await DeployCodeClient.connect({ address, namespace, ...folder });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** ` -c shop.yaml -e staging`: the options that select the same environment in another command. */
export function placeArguments({ config, file = [], env }: FileOptions): string {
  const files = [...(config === undefined || config === 'deploy-code.yaml' ? [] : [config]), ...file];
  const named = files.map((each, index) => (index === 0 ? ` -c ${each}` : ` --file ${each}`));
  return `${named.join('')}${env ? ` -e ${env}` : ''}`;
}

/** @throws BadRequest if the stack has no such service */
export function serviceOf({ services }: Stack, name: string): Stack['services'][string] {
  const service = services[name];
  if (!service) throw new BadRequest(`there is no service "${name}"; available: ${Object.keys(services).join(', ')}`);
  return service;
}
