import type { DeployCodeClient } from '../../client';
import type { ConnectionOptions } from '../options';

/** Connects, does the work, and closes the connection whatever happens. Loaded late: `validate` needs no Temporal. */
export async function withClient<T>(options: ConnectionOptions, work: (client: DeployCodeClient) => Promise<T>): Promise<T> {
  const { DeployCodeClient } = await import('../../client.js');
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

export function print(lines: readonly string[]): void {
  for (const line of lines) console.log(line);
}

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value));
}
