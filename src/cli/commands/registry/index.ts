import type { Command } from 'commander';
import type { Credential } from '../../../client/registries/verify';
import { requireName } from '../../../model/names';
import { normalRegistry } from '../../../model/names/registry';
import { BadRequest } from '../../../temporal/errors';
import { withConnection, type ConnectionOptions } from '../../options';
import { moment } from '../../output/words';
import { print, printJson, say, table } from '../../output/terminal';
import { askHidden, askLine } from '../../prompt';
import { standardInput } from '../../secret-values';
import { withClient } from '../session';
import { loginLocally, logoutLocally } from './local-docker';

interface LoginOptions extends ConnectionOptions {
  username?: string;
  passwordStdin?: boolean;
  verify: boolean;
  workerOnly?: boolean;
}

/** Adds the commands for logins at image registries, which hold for the whole installation. */
export function addRegistry(program: Command): void {
  const registry = program
    .command('registry')
    .description('logins at image registries, for the pulls of all workers and the builds of this machine');
  const command = (name: string, description: string) =>
    withConnection(registry.command(name).description(description));

  command('login', 'log in at a registry; the password is asked for, checked there, and sealed here')
    .argument('<host>', 'such as ghcr.io or registry.example.com:5000; docker.io for Docker Hub')
    .option('-u, --username <user>', 'user; asked for without this option')
    .option('--password-stdin', 'take the password from standard input')
    .option('--no-verify', 'store the password without checking it at the registry')
    .option('--worker-only', 'leave the Docker of this machine as it is')
    .action(login);

  command('list', 'list the logins, with when and by whom they were made, never with a password')
    .option('--json', 'print one JSON document')
    .action(list);

  command('logout', 'remove a login; images that were pulled stay')
    .argument('<host>', 'as at the login')
    .option('--worker-only', 'leave the Docker of this machine as it is')
    .action(logout);
}

async function login(host: string, options: LoginOptions): Promise<void> {
  requireName('registry', normalRegistry(host));
  const credential = await readCredential(options);
  await withClient(options, async (client) => {
    const { registry, verified } = await client.registries.login(host, credential, { verify: options.verify });
    say(`the workers are logged in at ${registry} as ${credential.user}; their next pull uses it`);
    if (verified === 'open') say(`${registry} asks nobody for a password at /v2/, so the password was not checked`);
    if (verified === 'unchecked') say('the password was not checked');
    if (!options.workerOnly) await loginLocally(registry, credential);
  });
}

async function readCredential({ username, passwordStdin }: LoginOptions): Promise<Credential> {
  const user = username ?? (await askLine('User: ', 'Pass the user with -u'));
  requireName('registryUser', user);
  if (!passwordStdin)
    return { user, password: await askHidden('Password: ', 'Pass the password with --password-stdin') };
  const bytes = await standardInput();
  return { user, password: textOf(bytes).replace(/\r?\n$/, '') };
}

/** @throws BadRequest, which does not show the input */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new BadRequest('the password on standard input is not UTF-8 text; nothing was stored');
  }
}

async function list(options: ConnectionOptions & { json?: boolean }): Promise<void> {
  const lines = await withClient(options, (client) => client.registries.list());
  if (options.json) return printJson(lines);
  if (lines.length === 0)
    return say('the workers are logged in nowhere; log in with `deploy-code registry login HOST`');
  const rows = lines.map(({ registry, user, at, by, from }) => [
    registry,
    user,
    moment(at),
    from === undefined ? by : `${by}@${from}`,
  ]);
  print(table([['REGISTRY', 'USER', 'SINCE', 'BY'], ...rows]));
}

async function logout(host: string, options: ConnectionOptions & { workerOnly?: boolean }): Promise<void> {
  await withClient(options, async (client) => {
    const registry = await client.registries.logout(host);
    say(`the workers are logged out of ${registry}`);
    if (!options.workerOnly) await logoutLocally(registry);
  });
}
