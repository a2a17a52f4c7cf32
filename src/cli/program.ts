import { Command } from 'commander';
import { visibleLines } from '../model/text';
import { addAudit } from './commands/audit';
import { addChanges } from './commands/change';
import { addCodec } from './commands/codec';
import { addControl } from './commands/control';
import { addDeploy } from './commands/deploy';
import { addEngine } from './commands/engine';
import { addHosts } from './commands/hosts';
import { addViews } from './commands/views';
import { addModules } from './commands/modules';
import { addSchedules } from './commands/schedule';
import { addSteering } from './commands/steer';
import { addTools } from './commands/tools';
import { addValidate } from './commands/validate';
import { addVolume } from './commands/volume';

const help = `
Getting started:
  deploy-code dev                      start an engine on this machine, with the Temporal UI
  deploy-code validate                 check deploy-code.yaml
  deploy-code plan                     show the changes
  deploy-code deploy --reason TICKET   deploy the stack; a failure rolls back everything
  deploy-code status                   show the running instances

Exit codes: 0 done, 1 failed and rolled back, 2 bad input, 3 rollback incomplete, 4 cancelled, 5 engine unreachable`;

/** Builds the command line, from which the completion scripts and docs/cli.md are generated too. */
export function createProgram(): Command {
  const program = new Command('deploy-code')
    .description('Deploys a stack of services, phase by phase, as a durable workflow.')
    .version((require('../../package.json') as { version: string }).version)
    .configureOutput({ writeErr: (text) => void process.stderr.write(visibleLines(text)) })
    .showSuggestionAfterError()
    .showHelpAfterError('(run deploy-code --help for usage)')
    .addHelpText('after', help);
  addEngine(program);
  addCodec(program);
  addValidate(program);
  addDeploy(program);
  addViews(program);
  addChanges(program);
  addSteering(program);
  addControl(program);
  addSchedules(program);
  addAudit(program);
  addVolume(program);
  addHosts(program);
  addModules(program);
  addTools(program);
  return program;
}
