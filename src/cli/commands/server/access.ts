import { type Command, InvalidArgumentError } from 'commander';
import { roles, type DeclaredBinding, type Limit, type Role } from '../../../model/access';
import type { StoredBinding } from '../../../workflows/messages';
import { milliseconds, withConnection, type ConnectionOptions } from '../../options';
import { print, printJson, say, table } from '../../output/terminal';
import { moment } from '../../output/words';
import { withClient } from '../session';
import { withKey, type KeyOptions } from './key-option';
import { addRoster } from './roster';
import { addUsers } from './users';

interface TokenCommandOptions extends KeyOptions {
  limit?: Limit;
  expires?: number;
  note?: string;
  json?: boolean;
}

/** Adds the commands for roles and tokens. */
export function addAccess(program: Command): void {
  const access = program.command('access').description('who may do what through `deploy-code server`');
  addRoles(access);
  addUsers(access);
  addRoster(access);
  addTokens(access.command('token').description('API tokens'));
  addSessions(access.command('session').description('sessions of people who have logged in'));
}

function addRoles(access: Command): void {
  withKey(access.command('grant'))
    .description('give a role: viewer, operator or admin')
    .argument('<subject>', 'service:NAME, user:NAME or group:NAME')
    .argument('<role>', roles.join(', '), roleOf)
    .argument('<scope>', 'STACK/ENVIRONMENT, STACK for all its environments, or * for everything')
    .action(async (subject: string, role: Role, scope: string, options: KeyOptions) => {
      await withClient(options, (client) => client.access.grant({ subject, role, scope }));
      say(`${subject} is ${role} on ${scope}`);
    });
  withKey(access.command('withdraw'))
    .description('take a role')
    .argument('<subject>', 'service:NAME, user:NAME or group:NAME')
    .argument('<scope>', 'as it was given')
    .action(async (subject: string, scope: string, options: KeyOptions) => {
      await withClient(options, (client) => client.access.withdraw(subject, scope));
      say(`${subject} has no role on ${scope} any more`);
    });
  withConnection(access.command('list'))
    .description('list the roles')
    .option('--access <file>', 'also those that the access file of a server declares')
    .option('--json', 'print JSON')
    .action(async ({ access: file, json, ...options }: ConnectionOptions & { access?: string; json?: boolean }) => {
      const kept = await withClient(options, (client) => client.access.bindings());
      const told = new Set(kept.filter((each) => 'declared' in each).map(keyOf));
      const more = file === undefined ? [] : declaredIn(file).filter((each) => !told.has(keyOf(each)));
      const bindings = [...kept, ...more];
      if (json) return printJson(bindings);
      if (bindings.length === 0) return say('nobody has a role');
      const rows = bindings.map((each) => [each.subject, each.role, each.scope, ...originOf(each)]);
      print(table([['SUBJECT', 'ROLE', 'SCOPE', 'SINCE', 'BY'], ...rows]));
    });
}

/** A server lists the roles that its access file declares by itself. */
function keyOf({ subject, role, scope }: StoredBinding | DeclaredBinding): string {
  return [subject, role, scope].join(' ');
}

/** Since when a role is there, and by whom. */
function originOf(binding: StoredBinding | DeclaredBinding): [string, string] {
  return 'declared' in binding ? ['', 'declared in the access file'] : [moment(new Date(binding.at)), binding.by];
}

/** Loaded only when it is needed: it depends on the schema library. */
function declaredIn(file: string): DeclaredBinding[] {
  const { readAccess } = require('../../../config/access') as typeof import('../../../config/access');
  return readAccess(file).bindings.map((each) => ({ ...each, declared: true }));
}

function addTokens(token: Command): void {
  withKey(token.command('create'))
    .description('create a token; it is shown once')
    .argument('<subject>', 'service:NAME, or user:NAME')
    .option('--limit <role@scope>', 'the token has no more than this, whatever its subject has', limitOf)
    .option('--expires <duration>', 'such as 90d; default: it stays until it is revoked', milliseconds)
    .option('--note <text>', 'what it is for')
    .option('--json', 'print JSON')
    .action(async (subject: string, { limit, expires, note, json, ...options }: TokenCommandOptions) => {
      const until = expires === undefined ? undefined : new Date(Date.now() + expires);
      const created = await withClient(options, (client) =>
        client.access.createToken(subject, {
          ...(limit && { limit }),
          ...(until && { until }),
          ...(note !== undefined && { note }),
        }),
      );
      if (json) printJson(created);
      else say(created.token);
    });
  withConnection(token.command('list'))
    .description('list the tokens, newest first')
    .option('--json', 'print JSON')
    .action(async (options: ConnectionOptions & { json?: boolean }) => {
      const tokens = await withClient(options, (client) => client.access.tokens());
      if (options.json) return printJson(tokens);
      if (tokens.length === 0) return say('there are no tokens');
      const rows = tokens.map(({ id, subject, limit, until, usedAt, note = '' }) => [
        id,
        subject,
        limit ? `${limit.role}@${limit.scope}` : '',
        until ? moment(until) : 'never',
        usedAt ? moment(usedAt) : 'never',
        note,
      ]);
      print(table([['ID', 'SUBJECT', 'LIMIT', 'EXPIRES', 'LAST USE', 'NOTE'], ...rows]));
    });
  withKey(token.command('revoke'))
    .description('revoke a token; servers refuse it within five seconds')
    .argument('<id>', 'its id, the part after dct_')
    .action(async (id: string, options: KeyOptions) => {
      await withClient(options, (client) => client.access.revokeToken(id));
      say(`token ${id} is revoked`);
    });
}

function addSessions(session: Command): void {
  withConnection(session.command('list'))
    .description('list the sessions, newest first')
    .option('--subject <subject>', 'only those of user:NAME')
    .option('--json', 'print JSON')
    .action(async ({ subject, json, ...options }: ConnectionOptions & { subject?: string; json?: boolean }) => {
      const sessions = await withClient(options, (client) => client.access.sessions.list(subject));
      if (json) return printJson(sessions);
      if (sessions.length === 0) return say('nobody is logged in');
      const rows = sessions.map(({ id, subject: who, kind, method, from = '', seenAt, until }) => [
        id,
        who,
        kind,
        method,
        from,
        moment(seenAt),
        moment(until),
      ]);
      print(table([['ID', 'SUBJECT', 'KIND', 'BY', 'FROM', 'LAST REFRESH', 'ENDS'], ...rows]));
    });
  withKey(session.command('revoke'))
    .description('end a session; servers refuse it within five seconds')
    .argument('<id>', 'its id')
    .action(async (id: string, options: KeyOptions) => {
      await withClient(options, (client) => client.access.sessions.revoke(id));
      say(`session ${id} is revoked`);
    });
}

function roleOf(text: string): Role {
  const role = roles.find((each) => each === text);
  if (role) return role;
  throw new InvalidArgumentError(`write ${roles.slice(0, -1).join(', ')} or ${roles.at(-1)}.`);
}

/** `operator@shop/production`. */
function limitOf(text: string): Limit {
  const [role = '', scope = '', ...more] = text.split('@');
  if (scope === '' || more.length > 0)
    throw new InvalidArgumentError('write ROLE@SCOPE, such as operator@shop/staging.');
  return { role: roleOf(role), scope };
}
