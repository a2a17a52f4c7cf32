import { Command } from 'commander';
import { visibleLines } from '../model/text';

const help = `
Getting started:
  deploy-code dev                      start an engine on this machine, with the Temporal UI
  deploy-code validate                 check deploy-code.yaml
  deploy-code plan                     show the changes
  deploy-code deploy --reason TICKET   deploy the stack; a failure rolls back everything
  deploy-code status                   show the running instances

Exit codes: 0 done, 1 failed and rolled back, 2 bad input, 3 rollback incomplete, 4 cancelled, 5 engine unreachable`;

type AddCommands = (program: Command) => void;

/** Modules by their commands. Each is loaded only when needed: most depend on libraries that take long to load. */
export const commandModules: readonly { commands: readonly string[]; load: () => AddCommands }[] = [
  {
    commands: ['dev', 'worker'],
    load: () => (require('./commands/engine') as typeof import('./commands/engine')).addEngine,
  },
  {
    commands: ['server'],
    load: () => (require('./commands/server') as typeof import('./commands/server')).addServer,
  },
  {
    commands: ['access'],
    load: () => (require('./commands/server/access') as typeof import('./commands/server/access')).addAccess,
  },
  {
    commands: ['login', 'logout', 'whoami', 'context'],
    load: () => (require('./commands/server/login') as typeof import('./commands/server/login')).addLogin,
  },
  {
    commands: ['codec'],
    load: () => (require('./commands/codec') as typeof import('./commands/codec')).addCodec,
  },
  {
    commands: ['validate'],
    load: () => (require('./commands/validate') as typeof import('./commands/validate')).addValidate,
  },
  {
    commands: ['plan', 'deploy'],
    load: () => (require('./commands/deploy') as typeof import('./commands/deploy')).addDeploy,
  },
  {
    commands: ['ps', 'up', 'down', 'config'],
    load: () => (require('./commands/compose-words') as typeof import('./commands/compose-words')).addComposeWords,
  },
  {
    commands: ['status', 'history', 'logs', 'exec'],
    load: () => (require('./commands/views') as typeof import('./commands/views')).addViews,
  },
  {
    commands: ['rollback', 'restart', 'run', 'repair', 'stop', 'cancel', 'answer'],
    load: () => (require('./commands/change') as typeof import('./commands/change')).addChanges,
  },
  {
    commands: ['approve', 'reject', 'promote', 'pause', 'resume', 'retry', 'abort', 'amend'],
    load: () => (require('./commands/steer') as typeof import('./commands/steer')).addSteering,
  },
  {
    commands: ['queue', 'freeze', 'thaw', 'watch'],
    load: () => (require('./commands/control') as typeof import('./commands/control')).addControl,
  },
  {
    commands: ['schedule'],
    load: () => (require('./commands/schedule') as typeof import('./commands/schedule')).addSchedules,
  },
  {
    commands: ['audit'],
    load: () => (require('./commands/audit') as typeof import('./commands/audit')).addAudit,
  },
  {
    commands: ['secret'],
    load: () => (require('./commands/secret') as typeof import('./commands/secret')).addSecret,
  },
  {
    commands: ['registry'],
    load: () => (require('./commands/registry') as typeof import('./commands/registry')).addRegistry,
  },
  {
    commands: ['volume'],
    load: () => (require('./commands/volume') as typeof import('./commands/volume')).addVolume,
  },
  {
    commands: ['hosts'],
    load: () => (require('./commands/hosts') as typeof import('./commands/hosts')).addHosts,
  },
  {
    commands: ['modules'],
    load: () => (require('./commands/modules') as typeof import('./commands/modules')).addModules,
  },
  {
    commands: ['schema', 'import', 'completion', 'complete'],
    load: () => (require('./commands/tools') as typeof import('./commands/tools')).addTools,
  },
];

/** The whole command line. Completion scripts and docs/cli.md are generated from it. */
export function createProgram(): Command {
  return programWith(commandModules);
}

/** The part of the command line that these arguments need. */
export function createProgramFor([first = '']: readonly string[]): Command {
  if (first === '--version' || first === '-V') return programWith([]);
  const found = commandModules.filter(({ commands }) => commands.includes(first));
  return found.length === 0 || first === 'completion' ? createProgram() : programWith(found);
}

function programWith(modules: typeof commandModules): Command {
  const program = new Command('deploy-code')
    .description('Deploys a stack of services, phase by phase, as a durable workflow.')
    .version((require('../../package.json') as { version: string }).version)
    .configureOutput({ writeErr: (text) => void process.stderr.write(visibleLines(text)) })
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText('after', help);
  for (const { load } of modules) load()(program);
  pointToHelp(program, program.name());
  return program;
}

/** A wrong call is answered with the help of the command that it was for. */
function pointToHelp(command: Command, path: string): void {
  command.showHelpAfterError(`(run ${path} --help for usage)`);
  for (const sub of command.commands) pointToHelp(sub, `${path} ${sub.name()}`);
}
