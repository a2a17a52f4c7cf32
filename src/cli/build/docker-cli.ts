import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { visible } from '../../model/text';
import { BadRequest } from '../../temporal/errors';

/** What a short command of Docker answered. */
export interface DockerAnswer {
  code: number;
  /** Without white space at the ends, and cut where it is too long. */
  out: string;
  err: string;
}

export interface DockerRun {
  /** Written to the standard input. */
  input?: string;
  /** Variables beside those of this process. */
  variables?: Record<string, string>;
  /** Called with each line of both outputs. */
  onLine: (line: string) => void;
  signal?: AbortSignal;
}

const answerMs = 60_000;
const longestAnswer = 1024 * 1024;
const longestLine = 4096;

/** This machine has no `docker`. */
export class NoDocker extends BadRequest {}

/** Asks the `docker` of this machine something short. @throws BadRequest if there is none, or it does not answer */
export function askDocker(...words: string[]): Promise<DockerAnswer> {
  return tellDocker('', ...words);
}

/** Like {@link askDocker}, with a standard input. @throws NoDocker if there is none, or BadRequest without an answer */
export async function tellDocker(input: string, ...words: string[]): Promise<DockerAnswer> {
  const child = spawn('docker', words, { stdio: ['pipe', 'pipe', 'pipe'], timeout: answerMs, killSignal: 'SIGKILL' });
  child.stdin.on('error', () => undefined).end(input);
  const [code, out, err] = await Promise.all([exitOf(child), textOf(child.stdout), textOf(child.stderr)]);
  if (code === null) throw new BadRequest(`docker did not answer \`docker ${words[0]}\` within ${answerMs / 1000} s`);
  return { code, out, err };
}

/** Runs a long command of `docker`, line by line. Returns its exit code; null if a signal ended it. */
export async function runDocker(words: readonly string[], run: DockerRun): Promise<number | null> {
  const { input, variables, onLine, signal } = run;
  const child = spawn('docker', words, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...variables },
    ...(signal && { signal }),
  });
  child.stdin.on('error', () => undefined).end(input ?? '');
  const lines = [child.stdout, child.stderr].map((output) => eachLine(output, onLine));
  const [code] = await Promise.all([exitOf(child), ...lines]);
  return code;
}

function exitOf(child: ReturnType<typeof spawn>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.name === 'AbortError') resolve(null);
      else reject(missing(error));
    });
  });
}

function missing({ code, message }: NodeJS.ErrnoException): BadRequest {
  if (code !== 'ENOENT') return new BadRequest(`docker cannot be run: ${visible(message)}`);
  return new NoDocker(
    'the stack has images to build, and this machine has no `docker`; install the Docker CLI, ' +
      'or build elsewhere and deploy with --no-build',
  );
}

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) if (text.length < longestAnswer) text += chunk as string;
  return text.slice(0, longestAnswer).trim();
}

async function eachLine(output: Readable, onLine: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: output, crlfDelay: Infinity })) onLine(line.slice(0, longestLine));
}
