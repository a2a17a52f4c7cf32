import { PassThrough } from 'node:stream';
import { Exec, type V1Status } from '@kubernetes/client-node';
import { qualified } from '../../../kubernetes/names';
import { CollectedOutput } from '../../collect-output';
import { withDeadline } from '../../deadline';
import { RuntimeError, type ExecResult, type Scope } from '../../runtime';
import type { KubernetesApi } from '../api';
import type { ClusterConnection } from '../api/connection';
import { toAway } from '../api/errors';
import { containerName } from '../live';
import { runningPod } from './running-pod';
import { monotonicMs } from '../../../guard/monotonic';

/** Runs a command in a pod, or in the first running pod of a workload, and collects at most 256 KiB of output. */
export async function exec(
  { api, scope, connection: { config } }: { api: KubernetesApi; scope: Scope; connection: ClusterConnection },
  name: string,
  command: string[],
  timeoutMs: number,
): Promise<ExecResult> {
  const deadline = monotonicMs() + timeoutMs;
  const pod = await runningPod(api, scope, name, deadline);
  const output = new CollectedOutput();
  const sink = new PassThrough().on('data', (chunk: Buffer) => output.take(chunk));
  const connection = new CommandConnection();
  const ended = new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec(
        qualified(name).namespace,
        pod.metadata!.name!,
        containerName(pod),
        command,
        sink,
        sink,
        null,
        false,
        resolve,
      )
      .then(
        (socket) => connection.keep(socket, reject),
        (error: Error) => reject(toAway(error)),
      );
  });
  try {
    const status = await withDeadline(
      ended,
      deadline - monotonicMs(),
      () => new RuntimeError('software', `the command did not end within ${timeoutMs} ms`),
    );
    return { exitCode: exitCodeOf(status), ...output.result };
  } finally {
    connection.end();
  }
}

type CommandSocket = Awaited<ReturnType<Exec['exec']>>;

/** The connection of a command. Closed at its end, even if it was opened only after that. */
class CommandConnection {
  private socket?: CommandSocket;
  private isOver = false;

  keep(socket: CommandSocket, reject: (error: Error) => void): void {
    this.socket = socket;
    socket
      .once('error', (error: Error) => reject(toAway(error)))
      .once('close', () =>
        reject(new RuntimeError('platform', 'the Kubernetes API closed the connection of a command')),
      );
    if (this.isOver) socket.terminate();
  }

  end(): void {
    this.isOver = true;
    this.socket?.terminate();
  }
}

/** @throws RuntimeError if the command could not be started */
export function exitCodeOf({ status, message, details }: V1Status): number {
  if (status === 'Success') return 0;
  const exitCode = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (exitCode !== undefined) return Number(exitCode);
  throw new RuntimeError('software', message ?? 'the command could not be started');
}
