import { CommanderError } from 'commander';
import { exitCodes } from './exit-codes';
import { createProgramFor } from './program';

/** Runs a command line, and sets the exit code of the process. */
export async function main(argv: string[]): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? exitCodes.done : exitCodes.failed),
  );
  const program = createProgramFor(argv.slice(2));
  const strict = (command: typeof program): void => {
    command.exitOverride();
    command.commands.forEach(strict);
  };
  strict(program);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.badInput;
    else process.exit((require('./errors') as typeof import('./errors')).explain(error, argv.includes('--json')));
  }
}
