import type { Command } from 'commander';
import { formatProblem, StackFileError } from '../../config';
import { assignPhases } from '../../plan/phases';
import { load, withStack, type StackOptions } from '../options';
import { counted } from '../output/words';
import { complain, paint, printJson, say } from '../output/terminal';

export function addValidate(program: Command): void {
  withStack(
    program.command('validate').description('check a stack file, and report all problems with position and advice'),
  )
    .option('--json', 'print one JSON document')
    .action((options: StackOptions & { json?: boolean }) => {
      const { files, stack, warnings } = checked(options);
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

/** Loads a stack, prints its warnings, and rejects phases that contradict dependencies. */
export function checked(options: StackOptions): ReturnType<typeof load> {
  const loaded = load(options);
  const { refusals } = assignPhases(loaded.stack.services);
  if (refusals.length > 0)
    throw new StackFileError(refusals.map(({ path, message }) => loaded.problem(path.split('.'), message)));
  for (const warning of loaded.warnings) complain(paint.yellow(`warning: ${formatProblem(warning)}`));
  return loaded;
}
