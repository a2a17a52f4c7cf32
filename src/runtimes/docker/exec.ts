import type { ExecResult } from '../runtime';
import { RuntimeError } from '../runtime';
import type { DockerConnection } from './connection';
import { collectOutput } from '../collect-output';
import { withDeadline } from '../deadline';
import { docker } from './errors';

/** Runs a command in a container and collects what it says, at most 256 KiB of it. */
export async function exec({ docker: engine }: DockerConnection, name: string, command: string[], timeoutMs: number): Promise<ExecResult> {
  const run = await docker(() => engine.getContainer(name).exec({ Cmd: command, AttachStdout: true, AttachStderr: true }));
  const stream = await docker(() => run.start({ hijack: true, stdin: false }));
  const { sink, text } = collectOutput();
  engine.modem.demuxStream(stream, sink, sink);
  await withDeadline(ended(stream), timeoutMs, () => {
    stream.destroy();
    return new RuntimeError('software', `the command did not end within ${timeoutMs} ms`);
  });
  const { ExitCode } = await docker(() => run.inspect());
  return { exitCode: ExitCode ?? -1, output: text() };
}

function ended(stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('end', resolve);
    stream.once('close', resolve);
    stream.once('error', () => resolve());
  });
}
