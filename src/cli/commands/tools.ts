import type { Command } from 'commander';
import { z } from 'zod';
import { stackFile } from '../../config/schema/stack-file';
import { BadRequest } from '../../temporal/errors';
import { importCompose } from '../../config/import';
import { completionScript } from '../completion';
import { complain, printFile, printText } from '../output/terminal';

/** Adds the commands that help to write stack files and command lines. */
export function addTools(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of stack files, for editors')
    .action(() => printText(`${JSON.stringify(z.toJSONSchema(stackFile, { unrepresentable: 'any' }), null, 2)}\n`));

  program
    .command('import')
    .description('convert a Compose file into a stack file; lists the settings that it could not convert')
    .argument('<compose-file>', 'Compose file, such as docker-compose.yml')
    .option('--name <stack>', 'stack name (default: the name in the Compose file, or its folder)')
    .action((file: string, options: { name?: string }) => {
      const { error } = stackFile.shape.name.optional().safeParse(options.name);
      if (error) throw new BadRequest(`--name ${options.name}: ${error.issues[0]!.message}`);
      const { text, lost } = importCompose(file, options.name);
      printFile(text);
      for (const { line, path, message } of lost) complain(`${file}:${line} ${path}: ${message}`);
    });

  program
    .command('completion')
    .description('print a completion script for your shell')
    .argument('<shell>', 'bash, zsh or fish')
    .action((shell: string) => printFile(completionScript(program, shell)));
}
