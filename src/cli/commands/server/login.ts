import type { Command } from 'commander';
import { originOf, RemoteClient } from '../../../client/remote';
import { BadRequest } from '../../../temporal/errors';
import { changeContexts, readContexts, type Context } from '../../contexts/store';
import { sessionContext } from '../../contexts/session-token';
import { beforeContext, chosenServer } from '../../contexts/choose';
import { withConnection, type ConnectionOptions } from '../../options';
import { complain, print, printJson, say, table } from '../../output/terminal';
import { askHidden } from '../../prompt';
import { standardInput } from '../../secret-values';

interface LoginOptions {
  device?: boolean;
  token?: boolean;
  tokenStdin?: boolean;
  name?: string;
}

const contextName = /^[A-Za-z0-9][A-Za-z0-9.:_-]{0,99}$/;

/** Adds the commands for logins at servers. */
export function addLogin(program: Command): void {
  program
    .command('login')
    .description('log in at a server; commands go through it from then on')
    .argument('<server>', 'its address, such as https://deploy.example.com')
    .option('--device', 'show a code for a browser on another machine (default where there is none)')
    .option('--token', 'ask for an API token, instead of a browser')
    .option('--token-stdin', 'take an API token from standard input')
    .option('--name <name>', 'name of the context (default: host of the server)')
    .action(login);

  program
    .command('logout')
    .description('forget a login, and end its session; API tokens stay valid until they are revoked')
    .argument('[context]', 'name of the context (default: the current one)')
    .action(logout);

  withConnection(program.command('whoami').description('show who you are at the server, with your roles'))
    .option('--json', 'print JSON')
    .action(whoami);

  const context = program.command('context').description('the servers that you have logged in at');
  context
    .command('list', { isDefault: true })
    .description('list the contexts; commands use the one with *')
    .option('--json', 'print JSON')
    .action(listContexts);
  context
    .command('use')
    .description('go through another server from now on')
    .argument('<context>', 'name of the context; - for none: commands talk to Temporal')
    .action(useContext);
}

async function login(text: string, { name, ...how }: LoginOptions): Promise<void> {
  const server = originOf(text);
  const context = name ?? new URL(server).host;
  if (!contextName.test(context))
    throw new BadRequest(`"${context}" is no name of a context; use letters, digits, ., :, _ and -`);
  const next = how.token || how.tokenStdin ? { server, token: await givenToken(how) } : await session(server, how);
  const { subject } = await new RemoteClient({ server, token: next.token }).whoami();
  await changeContexts((all) => {
    all.contexts[context] = next;
    all.current = context;
  });
  say(`logged in at ${server} as ${subject}; commands go through it from now on`);
  warnOfOthers();
}

async function givenToken({ tokenStdin }: LoginOptions): Promise<string> {
  if (!tokenStdin) return askHidden('API token: ', 'Pass the token with --token-stdin');
  return Buffer.from(await standardInput())
    .toString()
    .trim();
}

/** Logs a person in, by a browser here or elsewhere. */
async function session(server: string, { device }: LoginOptions): Promise<Context> {
  const { hasBrowser, logInByBrowser, logInByDevice, openBrowser } = await import('../../login/index.js');
  const tokens =
    device || !hasBrowser()
      ? await logInByDevice(server, {
          onCode: ({ url, code }) => complain(`open ${url} in a browser, and type the code ${code}`),
        })
      : await logInByBrowser(server, {
          onUrl: (url) => complain(`if no browser opens, open ${url}`),
          open: openBrowser,
        });
  return sessionContext(server, tokens);
}

async function logout(name: string | undefined): Promise<void> {
  const removed = await changeContexts((all): Context => {
    const found = name ?? all.current;
    if (found === undefined || !Object.hasOwn(all.contexts, found)) throw unknownContext(name, all.contexts);
    const context = all.contexts[found]!;
    delete all.contexts[found];
    if (all.current === found) delete all.current;
    return context;
  });
  if (removed.refreshToken !== undefined) await endSession(removed.server, removed.refreshToken);
  say(`logged out of ${removed.server}`);
}

/** The login is forgotten here in any case. */
async function endSession(server: string, refreshToken: string): Promise<void> {
  const { revokeSession } = await import('../../login/index.js');
  await revokeSession(server, refreshToken).catch((error: Error) =>
    complain(`the session could not be ended, and ends by itself within twelve hours: ${error.message}`),
  );
}

async function whoami({ json, ...options }: ConnectionOptions & { json?: boolean }): Promise<void> {
  const through = chosenServer(options);
  if (!through)
    throw new BadRequest(
      'commands talk to Temporal itself, where everybody may do everything; ' +
        'log in at a server with `deploy-code login`',
    );
  const caller = await new RemoteClient(through).whoami();
  if (json) return printJson({ server: through.server, ...caller });
  say(`${caller.subject} at ${through.server}`);
  if (caller.roles.length > 0)
    print(table([['ROLE', 'SCOPE'], ...caller.roles.map(({ role, scope }) => [role, scope])]));
  else say('without any role');
}

function listContexts({ json }: { json?: boolean }): void {
  const { current, contexts } = readContexts();
  const lines = Object.entries(contexts).map(([name, { server }]) => ({ name, server, current: name === current }));
  if (json) return printJson(lines);
  if (lines.length === 0) return say('you are logged in nowhere; log in with `deploy-code login SERVER`');
  print(table([['', 'CONTEXT', 'SERVER'], ...lines.map((line) => [line.current ? '*' : '', line.name, line.server])]));
}

async function useContext(name: string): Promise<void> {
  await changeContexts((all) => {
    if (name === '-') delete all.current;
    else if (Object.hasOwn(all.contexts, name)) all.current = name;
    else throw unknownContext(name, all.contexts);
  });
  say(name === '-' ? 'commands talk to Temporal itself from now on' : `commands go through ${name} from now on`);
  if (name !== '-') warnOfOthers();
}

/** A login would seem to have no effect. */
function warnOfOthers(): void {
  const first = beforeContext();
  if (first !== undefined)
    complain(`${first} comes before it here; use --server to go through the server all the same`);
}

function unknownContext(name: string | undefined, contexts: Record<string, Context>): BadRequest {
  const known = Object.keys(contexts).join(', ') || 'none';
  return new BadRequest(
    name === undefined ? 'you are not logged in' : `there is no context "${name}"; available: ${known}`,
  );
}
