import { Command } from 'commander';
import { commandModules, createProgram, createProgramFor } from '../../src/cli/program';

const namesOf = (program: Command): string[] => program.commands.map((command) => command.name());

describe('a wrong call', () => {
  it.each([
    [['--nope'], 'deploy-code'],
    [['deploy', '--nope'], 'deploy-code deploy'],
    [['schedule', 'create', 'x', '--nope'], 'deploy-code schedule create'],
  ])('%j is answered with the help of that command: %s', (argv, command) => {
    let said = '';
    const program = createProgram();
    const quiet = (each: Command): void => {
      each.exitOverride().configureOutput({ writeErr: (text) => void (said += text) });
      each.commands.forEach(quiet);
    };
    quiet(program);
    expect(() => program.parse(argv, { from: 'user' })).toThrow(expect.objectContaining({ exitCode: 1 }) as Error);
    expect(said).toContain(`(run ${command} --help for usage)`);
  });
});

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
