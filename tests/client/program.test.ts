import { Command } from 'commander';
import { commandModules, createProgram, createProgramFor } from '../../src/cli/program';

const namesOf = (program: Command): string[] => program.commands.map((command) => command.name());

describe('the modules of commands', () => {
  it('add exactly the commands that they are listed with', () => {
    for (const { commands, load } of commandModules) {
      const program = new Command().enablePositionalOptions();
      load()(program);
      expect(namesOf(program)).toEqual(commands);
    }
  });

  it.each<[string[], string[]]>([
    [['--version'], []],
    [['validate', '-c', 'x.yaml'], ['validate']],
    [['deploy'], ['plan', 'deploy']],
    [['completion', 'bash'], namesOf(createProgram())],
    [['valdate'], namesOf(createProgram())],
    [[], namesOf(createProgram())],
  ])('%j loads what it needs', (argv, commands) => {
    expect(namesOf(createProgramFor(argv))).toEqual(commands);
  });
});
