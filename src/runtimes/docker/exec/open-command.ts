import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { OpenCommand, OpenCommandOptions } from '../../open-command';
import type { DockerConnection } from '../api/connection';
import { docker } from '../api/errors';
import { endCommand, markOf } from './end-command';
import { OutputFrames } from './output-frames';

/** Starts a command in a container, by its id. It ends with {@link OpenCommand.kill}, also if it ignores its input. */
export async function openCommand(
  connection: DockerConnection,
  id: string,
  command: string[],
  { input, terminal, onOutput }: OpenCommandOptions,
): Promise<OpenCommand> {
  const mark = randomUUID();
  const run = await docker(() =>
    connection.docker.getContainer(id).exec({
      Cmd: command,
      Env: [markOf(mark)],
      AttachStdin: input,
      AttachStdout: true,
      AttachStderr: true,
      Tty: terminal !== undefined,
      // Engines from 23.0 start the command with it; earlier ones resize it a moment later.
      ...(terminal && { ConsoleSize: [terminal.rows, terminal.columns] }),
    }),
  );
  const stream = (await docker(() => run.start({ hijack: true, stdin: input, Tty: terminal !== undefined }))) as Duplex;
  const resize = async (size: { columns: number; rows: number }) => {
    // A command that has just ended has no terminal any more.
    await docker(() => run.resize({ w: size.columns, h: size.rows })).catch(() => undefined);
  };
  if (terminal) await resize(terminal);
  const closed = passOn(stream, terminal ? (bytes) => onOutput('stdout', bytes) : framed(onOutput));
  const inspect = () => docker(() => run.inspect());
  return {
    ended: closed.then(async () => (await inspect()).ExitCode ?? -1),
    write: (bytes) => {
      if (!stream.writableEnded && !stream.destroyed) stream.write(bytes);
    },
    endInput: () => void stream.end(),
    resize,
    kill: async () => {
      await endCommand(connection, id, mark, async () => !(await inspect()).Running);
      stream.destroy();
    },
  };
}

function framed(onOutput: OpenCommandOptions['onOutput']): (bytes: Buffer) => void {
  const frames = new OutputFrames(onOutput);
  return (bytes) => frames.take(bytes);
}

/** Resolves when the engine has closed the connection, which it does at the end of the command. */
function passOn(stream: Duplex, onBytes: (bytes: Buffer) => void): Promise<void> {
  stream.on('data', onBytes);
  return new Promise((resolve) => {
    for (const event of ['end', 'close', 'error']) stream.once(event, () => resolve());
    stream.on('error', () => undefined);
  });
}
