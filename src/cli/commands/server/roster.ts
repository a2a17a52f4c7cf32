import type { Command } from 'commander';
import type { DeployCodeClient } from '../../../client';
import type { Roster } from '../../../config/access';
import { withConnection, type ConnectionOptions } from '../../options';
import { print, say } from '../../output/terminal';
import { withClient } from '../session';
import { withKey, type KeyOptions } from './key-option';

interface ImportOptions extends KeyOptions {
  dryRun?: boolean;
}

type Access = DeployCodeClient['access'];

/** One change of an installation, and what it is. */
interface Change {
  text: string;
  make: (access: Access) => Promise<unknown>;
}

/** Adds the commands that take roles and users out of an installation, and into one. */
export function addRoster(access: Command): void {
  withConnection(access.command('export'))
    .description('print the roles and local users as YAML; no tokens, passwords or sessions')
    .action(async (options: ConnectionOptions) => {
      const roster = await withClient(options, (client) => rosterOf(client.access));
      print(files().rosterText(roster).trimEnd().split('\n'));
    });
  withKey(access.command('import'))
    .description('give the roles and add the users of an export; takes nothing away')
    .argument('<file>', 'of `access export`')
    .option('--dry-run', 'only print what would change')
    .action(async (file: string, { dryRun = false, ...options }: ImportOptions) => {
      const wanted = files().readRoster(file);
      await withClient(options, async (client) => {
        const changes = changesTo(await rosterOf(client.access), wanted);
        for (const { text, make } of changes) {
          if (!dryRun) await make(client.access);
          say(dryRun ? `would be: ${text}` : text);
        }
        if (changes.length === 0) say('everything is there already');
      });
    });
}

/** Roles that the access file of a server declares stay there. */
async function rosterOf(access: Access): Promise<Roster> {
  const [bindings, users] = await Promise.all([access.bindings(), access.users.list()]);
  return {
    bindings: bindings.filter((each) => !('declared' in each)),
    users: users.map(({ name }) => name),
    secondFactor: await access.users.needsSecondFactor(),
  };
}

function changesTo(present: Roster, { bindings, users, secondFactor }: Roster): Change[] {
  const roles = new Map(present.bindings.map(({ subject, scope, role }) => [`${subject} ${scope}`, role]));
  const known = new Set(present.users.map((name) => name.toLowerCase()));
  return [
    ...bindings
      .filter(({ subject, scope, role }) => roles.get(`${subject} ${scope}`) !== role)
      .map((binding) => ({
        text: `${binding.subject} is ${binding.role} on ${binding.scope}`,
        make: (access: Access) => access.grant(binding),
      })),
    ...users
      .filter((name) => !known.has(name.toLowerCase()))
      .map((name) => ({
        text: `user ${name} is added; \`deploy-code access user invite ${name}\` makes the link to set a password`,
        make: (access: Access) => access.users.add(name),
      })),
    ...(secondFactor === undefined || secondFactor === present.secondFactor
      ? []
      : [
          {
            text: `a second factor is ${secondFactor ? 'needed' : 'a choice'}`,
            make: (access: Access) => access.users.requireSecondFactor(secondFactor),
          },
        ]),
  ];
}

/** Loaded only when it is needed: it depends on the schema library. */
function files(): typeof import('../../../config/access') {
  return require('../../../config/access') as typeof import('../../../config/access');
}
