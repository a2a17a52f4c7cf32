import type { Command } from 'commander';
import type { DeployCodeClient } from '../../../client/connect';
import { placeOf } from '../../../client/place';
import { requireName } from '../../../model/names';
import { BadRequest } from '../../../temporal/errors';
import type { Place } from '../../../workflows/messages';
import { loadPlace, withConnection, withStack, type ConnectionOptions, type StackOptions } from '../../options';
import { moment } from '../../output/words';
import { askHidden } from '../../prompt';
import { fileContent, requireValue, standardInput } from '../../secret-values';
import { reseal, showKeys } from './keys';
import { withClient } from '../session';
import { print, printJson, say, table } from '../../output/terminal';

interface SecretOptions extends StackOptions, ConnectionOptions {
  fromFile?: string;
  force?: boolean;
  json?: boolean;
}

/** Adds the commands for secrets that the engine stores, encrypted, for an environment. */
export function addSecret(program: Command): void {
  const secret = program.command('secret').description('secrets that the engine stores, encrypted, for an environment');
  const command = (name: string, description: string) =>
    withConnection(withStack(secret.command(name).description(description)));

  command('set', 'store a value under a name; it is sealed here, and asked for at the terminal')
    .argument('<secret>', 'name, which a stack file uses as ${NAME} or declares under secrets')
    .argument('[source]', '- takes the value from standard input, byte for byte')
    .option('--from-file <file>', 'take the value from a file, byte for byte')
    .action(set);

  command('list', 'list what is stored, with when and by whom it was set, never with a value')
    .option('--json', 'print one JSON document')
    .action(list);

  command('rm', 'remove a stored secret; running instances and kept releases keep its value')
    .argument('<secret>', 'name of the secret')
    .option('--force', 'also if the current release uses it')
    .action(remove);

  command('reseal', 'seal what is stored with the current key of the engine, after it has changed').action(
    (options: SecretOptions) => withPlace(options, reseal),
  );

  command('keys', 'show which keys of the engine are still needed, and what for')
    .option('--json', 'print one JSON document')
    .action((options: SecretOptions) => withPlace(options, (client, place) => showKeys(client, place, options)));
}

async function set(name: string, source: string | undefined, options: SecretOptions): Promise<void> {
  requireName('stored', name);
  if (source !== undefined && source !== '-')
    throw new BadRequest('a value is not an argument, where others could see it; use -, --from-file or the terminal');
  if (source !== undefined && options.fromFile !== undefined)
    throw new BadRequest('the value comes from standard input or from a file, not from both');
  const { stack } = loadPlace(options);
  const value = requireValue(name, await read(name, source, options.fromFile));
  await withClient(options, async (client) => {
    await client.secrets.set(placeOf(stack), name, value);
    say(`${name} is stored for ${stack.name}/${stack.environment}; the next deployment uses it`);
  });
}

async function read(name: string, source: string | undefined, file: string | undefined): Promise<string | Uint8Array> {
  if (file !== undefined) return fileContent(name, file);
  if (source === '-') return standardInput();
  return askHidden(`${name}: `, 'Pass the value with --from-file FILE, or - for standard input');
}

async function list(options: SecretOptions): Promise<void> {
  await withPlace(options, async (client, place) => {
    const lines = await client.secrets.list(place);
    if (options.json) return printJson(lines);
    if (lines.length === 0) return say(`${place.stack}/${place.environment} stores no secrets`);
    const rows = lines.map(({ name, at, by, from }) => [name, moment(at), from === undefined ? by : `${by}@${from}`]);
    print(table([['SECRET', 'SET', 'BY'], ...rows]));
  });
}

async function remove(name: string, options: SecretOptions): Promise<void> {
  await withPlace(options, async (client, place) => {
    await client.secrets.remove(place, name, options);
    say(`removed ${name} from ${place.stack}/${place.environment}`);
  });
}

async function withPlace(
  options: SecretOptions,
  work: (client: DeployCodeClient, place: Place) => Promise<void>,
): Promise<void> {
  const { stack } = loadPlace(options);
  await withClient(options, (client) => work(client, placeOf(stack)));
}
