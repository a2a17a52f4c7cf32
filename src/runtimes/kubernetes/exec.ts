import { setTimeout as sleep } from 'node:timers/promises';
import { Exec, type V1Pod, type V1Status } from '@kubernetes/client-node';
import { qualified } from '../../kubernetes/names';
import { collectOutput } from '../collect-output';
import { withDeadline } from '../deadline';
import { RuntimeError, type ExecResult } from '../runtime';
import type { KubernetesApi } from './api';
import type { ClusterConnection } from './connection';
import { toAway } from './errors';
import { containerName, find, isGoing, mainContainer } from './live';
import { podsIn } from './paths';

const lookMs = 100;

/** Runs a command in a pod, or in the first of a workload that runs, and collects what it says, at most 256 KiB of it. */
export async function exec(api: KubernetesApi, { config }: ClusterConnection, name: string, command: string[], timeoutMs: number): Promise<ExecResult> {
  const deadline = Date.now() + timeoutMs;
  const pod = await runningPod(api, name, deadline);
  const output = collectOutput();
  const ended = new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec(qualified(name).namespace, pod.metadata!.name!, containerName(pod), command, output.sink, output.sink, null, false, resolve)
      .then((socket) => socket.once('error', (error: Error) => reject(toAway(error))).once('close', () => reject(new RuntimeError('platform', 'the Kubernetes API ended a command'))), (error: Error) => reject(toAway(error)));
  });
  const status = await withDeadline(ended, deadline - Date.now(), () => new RuntimeError('software', `the command did not end within ${timeoutMs} ms`));
  return { exitCode: exitCodeOf(status), output: output.text() };
}

async function runningPod(api: KubernetesApi, name: string, deadline: number): Promise<V1Pod> {
  for (;;) {
    const pods = (await find(api, name))?.pods ?? (await podNamed(api, name));
    const pod = pods.find((each) => mainContainer(each)?.state?.running && !isGoing(each));
    if (pod) return pod;
    if (Date.now() > deadline) throw new RuntimeError('software', `no pod of ${name} runs`);
    await sleep(lookMs);
  }
}

async function podNamed(api: KubernetesApi, name: string): Promise<V1Pod[]> {
  const { namespace, name: own } = qualified(name);
  const pod = await api.find<V1Pod>(`${podsIn(namespace)}/${own}`);
  if (!pod) throw new RuntimeError('missing', `there is neither a workload nor a pod ${name}`);
  return [pod];
}

function exitCodeOf({ status, message, details }: V1Status): number {
  if (status === 'Success') return 0;
  const told = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (told !== undefined) return Number(told);
  throw new RuntimeError('software', message ?? 'the command could not be run');
}
