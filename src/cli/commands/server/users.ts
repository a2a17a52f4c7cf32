import { type Command, InvalidArgumentError } from 'commander';
import type { DeployCodeClient, Invitation } from '../../../client';
import type { UserLine } from '../../../workflows/messages';
import { chosenServer } from '../../contexts/choose';
import { withConnection, type ConnectionOptions } from '../../options';
import { complain, print, printJson, say, table } from '../../output/terminal';
import { moment } from '../../output/words';
import { withClient } from '../session';
import { withKey, type KeyOptions } from './key-option';

interface InviteOptions extends KeyOptions {
  url?: string;
  json?: boolean;
}

/** Adds the commands for local users. */
export function addUsers(access: Command): void {
  const user = access.command('user').description('people who log in with a password, without an identity provider');
  withInvitation(user.command('add'))
    .description('add a user; prints the link with which they set a password, once, within a day')
    .action((name: string, options: InviteOptions) => invite(options, (users) => users.add(name)));
  withInvitation(user.command('invite'))
    .description('make a new link, instead of the one before')
    .action((name: string, options: InviteOptions) => invite(options, (users) => users.invite(name)));
  withInvitation(user.command('reset'))
    .description('take password, second factors, sessions and tokens of a user, and make a new link')
    .action((name: string, options: InviteOptions) => invite(options, (users) => users.reset(name)));
  addChanges(user);
  withConnection(user.command('list'))
    .description('list the users')
    .option('--json', 'print JSON')
    .action(async (options: ConnectionOptions & { json?: boolean }) => {
      const users = await withClient(options, (client) => client.access.users.list());
      if (options.json) return printJson(users);
      if (users.length === 0) return say('there are no local users; `deploy-code access user add NAME` adds one');
      print(table([['NAME', 'STATE', 'SECOND FACTOR', 'LAST LOG-IN', 'ADDED', 'BY'], ...users.map(rowOf)]));
    });
  withKey(access.command('require-second-factor'))
    .description('whether local users need a second factor; they set it up at their next log-in')
    .argument('<on|off>', 'on, or off', onOrOff)
    .action(async (required: boolean, options: KeyOptions) => {
      await withClient(options, (client) => client.access.users.requireSecondFactor(required));
      say(
        required ? 'local users need a second factor from their next log-in on' : 'a second factor is a choice again',
      );
    });
}

function addChanges(user: Command): void {
  withKey(user.command('disable'))
    .description('let a user log in no more; sessions and tokens end')
    .argument('<name>', 'the user')
    .action(async (name: string, options: KeyOptions) => {
      await withClient(options, (client) => client.access.users.disable(name));
      say(`${name} cannot log in any more`);
    });
  withKey(user.command('enable'))
    .description('let a user log in again, also one who is locked after failed attempts')
    .argument('<name>', 'the user')
    .action(async (name: string, options: KeyOptions) => {
      await withClient(options, (client) => client.access.users.enable(name));
      say(`${name} can log in again`);
    });
  withKey(user.command('remove'))
    .description('remove a user with its roles, sessions and tokens')
    .argument('<name>', 'the user')
    .action(async (name: string, options: KeyOptions) => {
      await withClient(options, (client) => client.access.users.remove(name));
      say(`${name} is removed`);
    });
}

function withInvitation(command: Command): Command {
  return withKey(command)
    .argument('<name>', 'the user; roles are given to user:NAME')
    .option(
      '--url <address>',
      'address of the server in the link (default: the server that the command goes through)',
      webAddress,
    )
    .option('--json', 'print JSON');
}

/** Prints the link alone on standard output: it can be piped to whoever sends it. */
async function invite(
  { url, json, ...options }: InviteOptions,
  make: (users: DeployCodeClient['access']['users']) => Promise<Invitation>,
): Promise<void> {
  const { user, path, until } = await withClient(options, (client) => make(client.access.users));
  const server = url ?? chosenServer(options)?.server;
  const link = `${server ?? ''}${path}`;
  if (json) printJson({ user, link, until });
  else say(link);
  if (server === undefined && !json) complain('put the address of the server before it, or give that with --url');
}

function rowOf(user: UserLine): string[] {
  const { name, hasTotp, passkeys, loggedInAt, at, by } = user;
  const keys = passkeys.length === 1 ? 'passkey' : `${passkeys.length} passkeys`;
  const factors = [...(hasTotp ? ['app'] : []), ...(passkeys.length > 0 ? [keys] : [])];
  const last = loggedInAt === undefined ? 'never' : moment(new Date(loggedInAt));
  return [name, stateOf(user), factors.join(', ') || 'none', last, moment(new Date(at)), by];
}

function stateOf({ isDisabled, lockedMs, hasPassword, invitedUntil }: UserLine): string {
  if (isDisabled) return 'disabled';
  if (lockedMs > 0) return 'waits after failed attempts';
  if (invitedUntil !== undefined) return `invited until ${moment(new Date(invitedUntil))}`;
  return hasPassword ? 'active' : 'invitation ended';
}

function onOrOff(text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new InvalidArgumentError('write on or off.');
}

function webAddress(text: string): string {
  const { protocol = '', origin = '' } = URL.canParse(text) ? new URL(text) : {};
  if (protocol === 'https:' || protocol === 'http:') return origin;
  throw new InvalidArgumentError('write an address such as https://deploy.example.com.');
}
