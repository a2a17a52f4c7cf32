import { qualified } from '../../../kubernetes/names';
import { RuntimeError, type Scope } from '../../runtime';
import type { KubernetesApi } from '../api';
import { Complaints } from './complaints';
import { endOf, find, mainContainer, statusOf, type Live } from '../live';
import { judgePod } from './verdict';
import type { Views } from './view';

const tickMs = 5000;

/**
 * Resolves when a job has ended or a service has no pod left; with the exit code, if known.
 * @throws RuntimeError if a job cannot start
 */
export async function waitForExit(
  { api, scope, views }: { api: KubernetesApi; scope: Scope; views: Views },
  name: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const complaints = new Complaints(api, Date.now());
  return views.during(qualified(name).namespace, async (view) => {
    for (;;) {
      const live = await find(api, scope, name);
      const status = live && statusOf(live);
      if (!status || (status.state !== 'running' && status.state !== 'restarting')) return status?.exitCode;
      if (live.kind === 'Job' && !hasStarted(live)) await refuseUnstartable(live, complaints);
      await view.changed(tickMs, signal);
      if (signal.aborted) return undefined;
      if (view.trouble) throw view.trouble;
    }
  });
}

function hasStarted({ pods }: Live): boolean {
  return pods.some((pod) => mainContainer(pod)?.state?.running ?? endOf(pod));
}

async function refuseUnstartable(live: Live, complaints: Complaints): Promise<void> {
  const verdicts = live.pods.map((pod) => judgePod(pod, { generation: 0, attempts: Infinity, since: 0 }, Date.now()));
  const found = verdicts.find(({ kind }) => kind === 'failed' || kind === 'unschedulable' || kind === 'platform');
  if (found)
    throw new RuntimeError(
      found.kind === 'platform' ? 'platform' : 'software',
      `${live.record.service} ${found.message}`,
    );
  const complaint = await complaints.about(live);
  if (complaint !== undefined) throw new RuntimeError('software', `${live.record.service} cannot start: ${complaint}`);
}
