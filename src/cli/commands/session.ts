import { dirname } from 'node:path';
import type { StatementSigner } from '../../guard/access/statement';
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
  options: ConnectionOptions & FileOptions & { statementKey?: string },
  work: (client: DeployCodeClient) => Promise<T>,
): Promise<T> {
  if (options.env !== undefined) requireName('environment', options.env);
  const { DeployCodeClient } = await import('../../client/connect.js');
  const { address, namespace, config, file: [file = config] = [] } = options;
  const folder = file === undefined ? {} : { folder: dirname(config ?? file) };
  const server = chosenServer({ ...options, ...folder });
  const signer = server ? undefined : await signerOf(options);
  const client: DeployCodeClient = server
    ? await DeployCodeClient.connect(server)
    : await DeployCodeClient.connect({ address, namespace, ...(signer && { signer }), ...folder });
  try {
    return await (signer ? asPerson(() => work(client)) : work(client));
  } finally {
    await client.close();
  }
}

/**
 * Signs requests with the key in a file, as a server does: for the first roles, and while no server runs.
 * @throws StatementKeyProblem if the file is not usable
 */
export async function signerOf({
  statementKey: file = process.env.DEPLOY_CODE_STATEMENT_KEY || undefined,
}: {
  statementKey?: string;
}): Promise<StatementSigner | undefined> {
  if (file === undefined) return undefined;
  const { readStatementSigner } = await import('../../guard/access/statement-keys.js');
  return readStatementSigner(file);
}

/** Whoever can read the key of a server may do everything. */
async function asPerson<T>(work: () => Promise<T>): Promise<T> {
  const { actingFor, origin, userName } = await import('../../client/user.js');
  return actingFor({ by: `user:${userName()}`, from: origin(), roleOn: () => 'admin' }, work);
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
