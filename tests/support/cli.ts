import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the built command line as a process of its own. */
export function cli(
  args: string[],
  options: {
    cwd?: string;
    environment?: Record<string, string>;
    /** Default none. */
    input?: Buffer;
    onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  } = {},
): Promise<CliResult> {
  const child = spawn(process.execPath, [resolve('bin/deploy-code'), ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    stdio: [options.input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
  child.stdin?.on('error', () => undefined).end(options.input);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    options.onOutput?.(stdout, (signal) => void child.kill(signal));
  });
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()));
  return new Promise((done) => child.once('close', (code) => done({ code, stdout, stderr })));
}
