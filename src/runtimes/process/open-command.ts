import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { killMarked } from '../marked-processes';
import type { OpenCommand, OpenCommandOptions } from '../open-command';
import { RuntimeError } from '../runtime';
import { signalGroup } from './run-command';

/** Time for output after the exit: child processes may keep it open. */
const outputMs = 500;
const notStarted = 127;

/** Starts a command beside an instance. */
export async function openCommand(
  [program = '', ...args]: string[],
  { cwd, env }: { cwd?: string; env: Record<string, string> },
  { input, terminal, onOutput }: OpenCommandOptions,
): Promise<OpenCommand> {
  if (terminal) throw new RuntimeError('software', 'the runtime process has no terminals: run the command without -t');
  const mark = randomUUID();
  const child = spawn(program, args, {
    cwd,
    env: { ...env, DEPLOY_CODE_COMMAND: mark },
    detached: true,
    stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  child.stdout!.on('data', (bytes: Buffer) => onOutput('stdout', bytes));
  child.stderr!.on('data', (bytes: Buffer) => onOutput('stderr', bytes));
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      onOutput('stderr', Buffer.from(`${error.message}\n`));
      resolve(notStarted);
    });
    child.once('exit', (code) => {
      const late = setTimeout(() => resolve(code ?? -1), outputMs);
      child.once('close', () => (clearTimeout(late), resolve(code ?? -1)));
    });
  });
  return {
    ended,
    write: (bytes) => {
      if (child.stdin && !child.stdin.destroyed && !child.stdin.writableEnded) child.stdin.write(bytes);
    },
    endInput: () => void child.stdin?.end(),
    resize: async () => undefined,
    kill: async () => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      await killMarked(`DEPLOY_CODE_COMMAND=${mark}`);
    },
  };
}
