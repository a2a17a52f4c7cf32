import type { Command } from 'commander';
import { formatProblem, StackFileError, type LoadedStack, type Problem } from '../../config';
import { assignPhases } from '../../plan/phases';
import { load, withValues, type StackOptions } from '../options';
import { counted } from '../output/words';
import { complain, paint, printJson, say } from '../output/terminal';

export function addValidate(program: Command): void {
  withValues(
    program.command('validate').description('check a stack file, and report all problems with position and advice'),
  )
    .option('--json', 'print one JSON document')
    .action(async (options: StackOptions & { json?: boolean }) => {
      const loaded = checked(await load(options));
      const { files, stack, warnings } = loaded;
      await requireFilesOfBuilds(loaded);
      const services = Object.values(stack.services);
      const phases = Math.max(...Object.values(assignPhases(stack.services).of));
      if (options.json)
        return printJson({
          valid: true,
          stack: stack.name,
          environment: stack.environment,
          services: services.length,
          phases,
          warnings,
        });
      say(
        `${files.join(', ')} is valid: ${stack.name}/${stack.environment}, ` +
          `${counted(services.length, 'service')} in ${counted(phases, 'phase')}`,
      );
    });
}

/** Loads what reads build contexts only if there is one. */
async function requireFilesOfBuilds({ builds, problem }: LoadedStack): Promise<void> {
  const all = Object.values(builds);
  if (all.length === 0) return;
  const { requireFiles, UnreadableBuild } = require('../build/content-hash') as typeof import('../build/content-hash');
  const problems: Problem[] = [];
  for (const build of all)
    await requireFiles(build).catch((error: unknown) => {
      if (!(error instanceof UnreadableBuild)) throw error;
      problems.push(problem(error.path, error.problem));
    });
  if (problems.length > 0) throw new StackFileError(problems);
}

/** Prints the warnings of a stack, and rejects phases that contradict dependencies. */
export function checked(loaded: LoadedStack): LoadedStack {
  const { refusals } = assignPhases(loaded.stack.services);
  if (refusals.length > 0)
    throw new StackFileError(refusals.map(({ path, message }) => loaded.problem(path.split('.'), message)));
  for (const warning of loaded.warnings) complain(paint.yellow(`warning: ${formatProblem(warning)}`));
  return loaded;
}
