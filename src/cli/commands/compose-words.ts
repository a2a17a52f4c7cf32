import { type Command, Option } from 'commander';
import { stringify } from 'yaml';
import type { InstanceLine } from '../../model/instance-status';
import { BadRequest } from '../../temporal/errors';
import { exitCodes } from '../exit-codes';
import {
  load,
  loadPlace,
  withConnection,
  withStack,
  withValues,
  type ConnectionOptions,
  type StackOptions,
} from '../options';
import { sayAway } from '../output/hosts-away';
import { paint, print, printFile, printJson, say, table } from '../output/terminal';
import { addDeployAs } from './deploy';
import { addStopAs } from './change';
import { checked } from './validate';
import { serviceOf, withClient } from './session';

interface ListOptions extends StackOptions, ConnectionOptions {
  json?: boolean;
}

interface ConfigOptions extends StackOptions {
  json?: boolean;
  services?: boolean;
  quiet?: boolean;
}

/** Adds the words that users of Compose type. Each does what the engine has for it. */
export function addComposeWords(program: Command): void {
  withConnection(
    withStack(program.command('ps').description('list the instances with their state; `status` shows the services')),
  )
    .argument('[service...]', 'only the instances of these services')
    .option('--json', 'print one JSON document')
    .action(listInstances);

  addDeployAs(
    program,
    'up',
    'deploy the stack, as `deploy` does; with services, only these and their dependencies',
  ).argument('[service...]', 'only these services and their dependencies');

  addStopAs(program, 'down', 'stop and remove all services, as `stop` does; volumes are kept, always')
    .addOption(new Option('-v, --volumes', 'refused: volumes are kept, always').hideHelp())
    .hook('preAction', (command) => {
      if (command.opts<{ volumes?: boolean }>().volumes)
        throw new BadRequest(
          'down never removes volumes, so -v is refused; nothing was changed. ' +
            'After `deploy-code down`, `deploy-code volume ls` lists them and `deploy-code volume rm NAME` deletes one',
        );
    });

  withValues(
    program
      .command('config')
      .description('print the stack file as it is read: overlay, variables and Compose spellings applied'),
  )
    .option('--services', 'print only the names of the services')
    .option('-q, --quiet', 'print nothing; the exit code says whether the file is valid')
    .option('--json', 'print one JSON document')
    .action(showConfig);
}

async function listInstances(services: string[], options: ListOptions): Promise<void> {
  const { stack } = loadPlace(options);
  for (const name of services) serviceOf(stack, name);
  await withClient(options, async (client) => {
    const { found, away } = await client.status(stack);
    const lines = found
      .filter(({ service }) => services.length === 0 || services.includes(service))
      .sort((a, b) => (a.service < b.service ? -1 : a.service > b.service ? 1 : a.ordinal - b.ordinal));
    sayAway(away);
    if (options.json) return printJson(lines);
    const [head, ...rows] = table([
      ['INSTANCE', 'STATE', 'HEALTH', 'IMAGE', 'RELEASE', 'RESTARTS', 'PORTS'],
      ...lines.map(rowOf),
    ]);
    print([paint.bold(head!), ...rows]);
  });
}

function rowOf({ service, ordinal, state, health, image, release, restarts, ports, host }: InstanceLine): string[] {
  const name = `${service}-${ordinal}${host === undefined ? '' : ` (${host})`}`;
  return [name, state, health, image, String(release), String(restarts), ports.join(', ')];
}

async function showConfig({ quiet, services, json, ...options }: ConfigOptions): Promise<void> {
  const { stack, document } = checked(await load(options));
  if (quiet) return void (process.exitCode = exitCodes.done);
  if (services) return Object.keys(stack.services).forEach(say);
  if (json) return printJson(document());
  printFile(stringify(document(), { aliasDuplicateObjects: false }));
}
