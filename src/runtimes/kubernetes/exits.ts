import { qualified } from '../../kubernetes/names';
import type { KubernetesApi } from './api';
import { find, statusOf } from './live';
import type { Views } from './view';

const tickMs = 5000;

/** Resolves with the exit code when a job has ended, or a service has no pod left. */
export async function waitForExit({ api, views }: { api: KubernetesApi; views: Views }, name: string, signal: AbortSignal): Promise<number | undefined> {
  return views.during(qualified(name).namespace, async (view) => {
    for (;;) {
      const live = await find(api, name);
      const status = live && statusOf(live);
      if (!status || (status.state !== 'running' && status.state !== 'restarting')) return status?.exitCode;
      await view.changed(tickMs, signal);
      if (signal.aborted) return undefined;
    }
  });
}
