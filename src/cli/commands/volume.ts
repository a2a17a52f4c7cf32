import type { Command } from 'commander';
import { BadRequest } from '../../temporal/errors';
import { loadPlace, withConnection, withStack, type ConnectionOptions, type StackOptions } from '../options';
import { ask } from '../prompt';
import { withClient } from './session';
import { sayAway } from '../output/hosts-away';
import { print, printJson, say, table } from '../output/terminal';

type VolumeOptions = StackOptions & ConnectionOptions & { json?: boolean; force?: boolean };

export function addVolume(program: Command): void {
  const volume = program.command('volume').description('volumes of an environment');

  withConnection(
    withStack(
      volume
        .command('ls')
        .description(
          'list the volumes of the environment: those that the engine created, and unnamed ones that its ' +
            'instances mount',
        ),
    ),
  )
    .option('--json', 'print one JSON document')
    .action(async (options: VolumeOptions) => {
      const { found, away } = await withClient(options, (client) => client.volumes(loadPlace(options).stack));
      sayAway(away);
      if (options.json) printJson(found);
      else
        print(
          table([
            ['VOLUME', 'MOUNTED BY'],
            ...found.map(({ name, unnamed, mountedBy, host }) => [
              `${name}${unnamed ? ' (unnamed)' : ''}${host === undefined ? '' : ` on ${host}`}`,
              mountedBy.join(', ') || '-',
            ]),
          ]),
        );
    });

  withConnection(
    withStack(volume.command('rm').description('delete a volume and its data; no other command deletes volumes')),
  )
    .argument('<name>', 'volume name on the host')
    .option('--force', 'do not ask for confirmation')
    .action(async (name: string, options: VolumeOptions) => {
      await withClient(options, async (client) => {
        const { stack } = loadPlace(options);
        const volumes = await client.volumes(stack);
        const found = volumes.found.find((each) => each.name === name);
        if (!found) {
          sayAway(volumes.away);
          throw new BadRequest(`${stack.name}/${stack.environment} has no volume "${name}"`);
        }
        if (found.mountedBy.length > 0)
          throw new BadRequest(
            `the volume "${name}" is mounted by ${found.mountedBy.join(', ')}; stop its users first`,
          );
        if (!options.force) await confirm(name);
        await client.removeVolume(stack, name);
        say(`deleted ${name}`);
      });
    });
}

async function confirm(name: string): Promise<void> {
  const warning = `The data of "${name}" will be deleted permanently.`;
  if ((await ask(warning, `${warning} Type its name to delete it: `)) !== name)
    throw new BadRequest('not confirmed; nothing was deleted');
}
