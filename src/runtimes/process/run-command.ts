import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { CollectedOutput } from '../collect-output';
import { killMarked } from '../marked-processes';
import { RuntimeError, type ExecResult } from '../runtime';

/** Time for output after the exit: child processes may keep it open. */
const outputMs = 500;

export interface CommandOptions {
  cwd?: string;
  env: Record<string, string>;
  timeoutMs: number;
}

/**
 * Runs a command beside an instance and collects at most 256 KiB of output; exit code 127 if it cannot be started.
 * @throws RuntimeError after the timeout, when it is killed with its descendants
 */
export function runCommand(
  [program = '', ...args]: string[],
  { cwd, env, timeoutMs }: CommandOptions,
): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const mark = randomUUID();
    const child = spawn(program, args, {
      cwd,
      env: { ...env, DEPLOY_CODE_COMMAND: mark },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const collected = new CollectedOutput();
    const end = (exitCode: number, more = '') => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      const { output, ...rest } = collected.result;
      resolve({ exitCode, output: output + more, ...rest });
    };
    const timer = setTimeout(() => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      void killMarked(`DEPLOY_CODE_COMMAND=${mark}`);
      reject(new RuntimeError('software', `the command did not end within ${timeoutMs} ms`));
      end(-1);
    }, timeoutMs);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => collected.take(chunk));
    child.once('error', (error) => end(127, error.message));
    child.once('exit', (code) => {
      const late = setTimeout(() => end(code ?? -1), outputMs);
      child.once('close', () => (clearTimeout(late), end(code ?? -1)));
    });
  });
}

/** Does nothing if the group no longer exists. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    return;
  }
}
