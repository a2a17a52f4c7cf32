import { PassThrough } from 'node:stream';
import { Exec, type V1Status } from '@kubernetes/client-node';
import { monotonicMs } from '../../../guard/monotonic';
import { qualified } from '../../../kubernetes/names';
import type { TerminalSize } from '../../../model/session';
import type { OpenCommand, OpenCommandOptions } from '../../open-command';
import { RuntimeError, type Scope } from '../../runtime';
import type { KubernetesApi } from '../api';
import type { ClusterConnection } from '../api/connection';
import { toAway } from '../api/errors';
import { containerName } from '../live';
import { exitCodeOf } from './exec';
import { runningPod } from './running-pod';

const podWithinMs = 30_000;
/** The first version of the protocol that can pass on the end of input: Kubernetes 1.30. */
const withEndOfInput = 'v5.channel.k8s.io';

/** Starts a command in a pod, or in the first running pod of a workload. */
export async function openCommand(
  { api, scope, connection: { config } }: { api: KubernetesApi; scope: Scope; connection: ClusterConnection },
  name: string,
  command: string[],
  { input, terminal, onOutput }: OpenCommandOptions,
): Promise<OpenCommand> {
  const pod = await runningPod(api, scope, name, monotonicMs() + podWithinMs);
  const [stdin, stdout, stderr] = [new PassThrough(), new TerminalOutput(terminal), new PassThrough()];
  stdout.on('data', (bytes: Buffer) => onOutput('stdout', bytes));
  stderr.on('data', (bytes: Buffer) => onOutput('stderr', bytes));
  let take: (status: V1Status) => void = () => undefined;
  const status = new Promise<V1Status>((resolve) => (take = resolve));
  const socket = await new Exec(config)
    .exec(
      qualified(name).namespace,
      pod.metadata!.name!,
      containerName(pod),
      command,
      stdout,
      terminal ? null : stderr,
      input ? stdin : null,
      terminal !== undefined,
      take,
    )
    .catch((error: Error) => {
      throw toAway(error);
    });
  const lost = new Promise<never>((_, reject) => {
    socket.once('error', (error: Error) => reject(toAway(error)));
    socket.once('close', () =>
      reject(new RuntimeError('platform', 'the Kubernetes API closed the connection of a command')),
    );
  });
  lost.catch(() => undefined);
  return {
    ended: Promise.race([status.then(exitCodeOf), lost]).finally(() => socket.terminate()),
    write: (bytes) => {
      if (!stdin.writableEnded) stdin.write(bytes);
    },
    endInput: () => {
      if (socket.protocol !== withEndOfInput)
        throw new RuntimeError('software', 'the Kubernetes API before version 1.30 cannot pass on the end of input');
      stdin.end();
    },
    resize: async (size) => stdout.resize(size),
    // The kubelet ends a command on a terminal with its connection; others notice when they read or write.
    kill: async () => socket.terminate(),
  };
}

/** The library reads the size of the terminal from the stream for its output. */
class TerminalOutput extends PassThrough {
  declare rows?: number;
  declare columns?: number;

  constructor(size: TerminalSize | undefined) {
    super();
    if (size) Object.assign(this, size);
  }

  resize(size: TerminalSize): void {
    Object.assign(this, size);
    this.emit('resize');
  }
}
