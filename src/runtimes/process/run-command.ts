import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { killMarked } from '../marked-processes';
import { RuntimeError, type ExecResult } from '../runtime';

const largestOutput = 256 * 1024;
/** What a command has started may hold its output open after its end. */
const outputMs = 500;

export interface CommandOptions {
  cwd?: string;
  env: Record<string, string>;
  timeoutMs: number;
}

/**
 * Runs a command beside an instance and collects what it says, at most 256 KiB of it; 127 where it cannot be run.
 * @throws RuntimeError where it does not end in time; it is killed then, with all that it has started
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
    const chunks: Buffer[] = [];
    let kept = 0;
    const take = (chunk: Buffer) => {
      const wanted = chunk.subarray(0, largestOutput - kept);
      chunks.push(wanted);
      kept += wanted.length;
    };
    const end = (exitCode: number, more = '') => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ exitCode, output: Buffer.concat(chunks).toString('utf8') + more });
    };
    const timer = setTimeout(() => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      void killMarked(`DEPLOY_CODE_COMMAND=${mark}`);
      reject(new RuntimeError('software', `the command did not end within ${timeoutMs} ms`));
      end(-1);
    }, timeoutMs);
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => end(127, error.message));
    child.once('exit', (code) => {
      const late = setTimeout(() => end(code ?? -1), outputMs);
      child.once('close', () => (clearTimeout(late), end(code ?? -1)));
    });
  });
}

/** Does nothing where the group is gone. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    return;
  }
}
