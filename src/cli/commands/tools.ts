import type { Command } from 'commander';
import { z } from 'zod';
import { stackFile } from '../../config/schema/stack-file';
import { formatProblem } from '../../config';
import { BadRequest } from '../../temporal/errors';
import { importCompose } from '../../config/import';
import { completionScript, listed } from '../completion';
import { placeOf } from '../../client/place';
import { exitCodes } from '../exit-codes';
import { each, loadPlace, withConnection, withStack, type ConnectionOptions, type StackOptions } from '../options';
import { withClient } from './session';
import { complain, printFile, printText, say } from '../output/terminal';

/** Somebody waits at a prompt. */
const answerWithinMs = 2000;
const mostDeployments = 20;

/** Adds the commands that help to write stack files and command lines. */
export function addTools(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of stack files, for editors')
    .action(() => printText(`${JSON.stringify(z.toJSONSchema(stackFile, { unrepresentable: 'any' }), null, 2)}\n`));

  program
    .command('import')
    .description('convert a Compose file into a stack file; lists the settings that it could not convert')
    .argument('<compose-file...>', 'Compose file, such as docker-compose.yml; later ones override earlier ones')
    .option('--name <stack>', 'stack name (default: the name in the Compose file, or its folder)')
    .option('--profile <name>', 'also the services of a profile; repeatable', each)
    .option('--env-file <file>', 'variables, instead of .env; repeatable', each)
    .action((files: string[], options: { name?: string; profile?: string[]; envFile?: string[] }) => {
      const { error } = stackFile.shape.name.optional().safeParse(options.name);
      if (error) throw new BadRequest(`--name ${options.name}: ${error.issues[0]!.message}`);
      const { name, profile: profiles, envFile: envFiles } = options;
      const { text, lost } = importCompose({ files, name, profiles, envFiles });
      printFile(text);
      for (const problem of lost) complain(formatProblem(problem));
    });

  program
    .command('completion')
    .description('print a completion script for your shell: it completes services, deployments and stored secrets too')
    .argument('<shell>', 'bash, zsh or fish')
    .action((shell: string) => printFile(completionScript(program, shell)));

  withConnection(
    withStack(program.command('complete', { hidden: true }).description('print names for completion scripts')),
  )
    .argument('<kind...>', listed.join(', '))
    .action(printNames);
}

/** Prints names for a shell. Without an engine or a valid file there are none: a shell shows no errors. */
async function printNames(kinds: string[], options: StackOptions & ConnectionOptions): Promise<void> {
  const giveUp = setTimeout(() => process.exit(exitCodes.done), answerWithinMs);
  try {
    const { stack } = loadPlace(options);
    if (kinds.includes('services')) printNamesOf(Object.keys(stack.services));
    if (kinds.includes('deployments'))
      printNamesOf(
        (await withClient(options, (client) => client.history(placeOf(stack), mostDeployments))).flatMap(
          ({ deployment }) => (deployment === undefined ? [] : [String(deployment)]),
        ),
      );
    if (kinds.includes('secrets'))
      printNamesOf(await withClient(options, (client) => client.secrets.names(placeOf(stack))));
  } catch {
    process.exitCode = exitCodes.done;
  } finally {
    clearTimeout(giveUp);
  }
}

/** A shell expands the words of a completion, so nothing else may be among them. */
function printNamesOf(names: readonly string[]): void {
  for (const name of names) if (/^[A-Za-z0-9_.-]+$/.test(name)) say(name);
}
