import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { CollectedOutput } from '../../collect-output';
import { RuntimeError, type ExecResult } from '../../runtime';
import { OutputFrames } from './output-frames';
import type { DockerConnection } from '../api/connection';
import { endCommand, markOf } from './end-command';
import { docker } from '../api/errors';

/** A command that exceeded its timeout and could not be killed. */
export class CommandLeft extends RuntimeError {
  constructor(
    message: string,
    readonly isOver: () => Promise<boolean>,
  ) {
    super('software', message);
  }
}

/**
 * Runs a command in a container, by its id, and collects at most 256 KiB of output. After the timeout it is killed with
 * its child processes, which `mark` identifies.
 * @throws RuntimeError after the timeout; CommandLeft if the command still runs
 */
export async function exec(
  connection: DockerConnection,
  id: string,
  command: string[],
  timeoutMs: number,
  mark: string = randomUUID(),
): Promise<ExecResult> {
  const { docker: engine } = connection;
  const run = await docker(() =>
    engine.getContainer(id).exec({ Cmd: command, Env: [markOf(mark)], AttachStdout: true, AttachStderr: true }),
  );
  const stream = (await docker(() => run.start({ hijack: true, stdin: false }))) as Duplex;
  const output = new CollectedOutput();
  const frames = new OutputFrames((_, bytes) => output.take(bytes));
  stream.on('data', (chunk: Buffer) => frames.take(chunk));
  const hasEnded = await endsWithin(stream, timeoutMs);
  const isOver = async () => !(await docker(() => run.inspect())).Running;
  if (!hasEnded) {
    const message = `the command did not end within ${timeoutMs} ms`;
    if (await endCommand(connection, id, mark, isOver)) throw new RuntimeError('software', message);
    throw new CommandLeft(`${message}, and could not be killed`, isOver);
  }
  const { ExitCode } = await docker(() => run.inspect());
  return { exitCode: ExitCode ?? -1, ...output.result };
}

/** True if the stream ends in time; it is closed in any case. */
async function endsWithin(stream: Duplex, limitMs: number): Promise<boolean> {
  const over = new AbortController();
  const ended = new Promise<boolean>((resolve) => {
    for (const event of ['end', 'close', 'error']) stream.once(event, () => resolve(true));
  });
  try {
    return await Promise.race([ended, sleep(limitMs, false, { signal: over.signal })]);
  } finally {
    over.abort();
    stream.on('error', () => undefined).destroy();
  }
}
