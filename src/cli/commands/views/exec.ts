import type { Command } from 'commander';
import type { DeployCodeClient } from '../../../client/connect';
import type { Stack } from '../../../config';
import type { InstanceLine } from '../../../model/instance-status';
import { interrupted } from '../../../model/session';
import { BadRequest } from '../../../temporal/errors';
import { loadPlace, withConnection, withStack, type ConnectionOptions, type StackOptions } from '../../options';
import { sayAway } from '../../output/hosts-away';
import { CommandPrinter } from './command-printer';
import { withClient } from '../session';
import { OwnTerminal } from './own-terminal';

interface ExecOptions extends StackOptions, ConnectionOptions {
  interactive?: boolean;
  tty?: boolean;
  raw?: boolean;
}

/** Adds `exec`. */
export function addExec(program: Command): void {
  withConnection(
    withStack(
      program
        .command('exec')
        .description('run a command inside an instance, for example `exec api ls -l /` or `exec -it db psql`'),
    ),
  )
    .option('-i, --interactive', 'pass on what you type; input from a pipe or a file is always passed on')
    .option('-t, --tty', 'run the command on a terminal of the size of yours; not on the runtime Process')
    .option('--raw', 'print the output unchanged; by default escape sequences are shown escaped (always with -t)')
    .argument('<instance>', '`api`, or `api-2` for another replica')
    .argument('<command...>', 'command; everything after the instance belongs to it, options too')
    .passThroughOptions()
    .action(runInside);
}

async function runInside(target: string, words: string[], options: ExecOptions): Promise<void> {
  const { stack } = loadPlace(options);
  const command = words[0] === '--' ? words.slice(1) : words;
  if (command.length === 0) throw new BadRequest('name the command to run, for example `deploy-code exec api ls`');
  if (options.tty && !(process.stdin.isTTY && process.stdout.isTTY))
    throw new BadRequest('-t needs a terminal, and standard input or output is none; run the command without -t');
  await withClient(options, async (client) => {
    process.exitCode = await run(client, stack, {
      instance: await instanceOf(client, stack, target),
      command,
      options,
    });
  });
}

interface Run {
  instance: string;
  command: string[];
  options: ExecOptions;
}

async function run(client: DeployCodeClient, stack: Stack, { instance, command, options }: Run): Promise<number> {
  const hasInput = options.interactive || !process.stdin.isTTY;
  const terminal = options.tty ? new OwnTerminal() : undefined;
  const printer = new CommandPrinter(options.raw || options.tty || false);
  const session = await client.openCommand(stack, instance, command, {
    ...(hasInput && { input: process.stdin as AsyncIterable<Buffer> }),
    ...(terminal && { terminal: terminal.size }),
    onOutput: (stream, bytes) => printer.take(stream, bytes),
  });
  let isInterrupted = false;
  const interrupt = () => {
    isInterrupted = true;
    void session.hangUp().catch(() => undefined);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupt);
  terminal?.open({ takesInput: hasInput, onResize: (size) => void session.resize(size).catch(() => undefined) });
  try {
    const exitCode = await session.exitCode();
    return isInterrupted ? interrupted : exitCode;
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
    terminal?.close();
    printer.end();
    if (hasInput) process.stdin.destroy();
  }
}

/** @throws BadRequest if no running instance has the name */
async function instanceOf(client: DeployCodeClient, stack: Stack, target: string): Promise<string> {
  const { found, away } = await client.status(stack);
  const running = found.filter(({ state }) => state === 'running');
  const instance =
    running.find((line) => line.name === target || nameOf(line) === target) ??
    running.find(({ service }) => service === target);
  if (instance) return instance.name;
  sayAway(away);
  throw new BadRequest(
    `no running instance has the name "${target}"; running: ${running.map(nameOf).join(', ') || 'none'}`,
  );
}

function nameOf({ service, ordinal }: InstanceLine): string {
  return `${service}-${ordinal}`;
}
