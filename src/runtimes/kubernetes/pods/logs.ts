import type { V1Pod } from '@kubernetes/client-node';
import { qualified } from '../../../kubernetes/names';
import { RuntimeError, type LogPage, type LogRequest, type Scope } from '../../runtime';
import type { KubernetesApi } from '../api';
import { containerName, endOf, find, mainContainer } from '../live';
import { podsIn } from '../api/paths';

const longestPage = 10_000;

interface Stamped {
  at: string;
  line: string;
}

/**
 * Logs of the pods of a workload, ordered by time; with several pods, each line names its pod. The cursor is the time
 * of the last line.
 */
export async function logs(
  api: KubernetesApi,
  scope: Scope,
  name: string,
  { tail, after, since, until, shown }: LogRequest,
): Promise<LogPage> {
  const live = await find(api, scope, name);
  if (!live) throw new RuntimeError('missing', `there is no workload ${name}`);
  const pods = live.pods.filter((pod) => mainContainer(pod)?.state?.running ?? endOf(pod));
  const several = pods.length > 1;
  const read = await Promise.all(
    pods.map(async (pod) =>
      (await logOf(api, name, pod, { tail, after, since, until })).map(({ at, line }) => ({
        at,
        line: several ? `${shortName(pod)} | ${line}` : line,
      })),
    ),
  );
  const lines = read
    .flat()
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .filter(({ at }) => at > (after ?? ''));
  const page = after === undefined ? lines.slice(-tail) : lines;
  const seen = page.filter(({ line }) => line !== '').map(({ at, line }) => (shown ? `${at} ${line}` : line));
  return { lines: seen, cursor: lines.at(-1)?.at ?? after ?? '' };
}

/** Logs of a pod; after a restart, including the last lines of the previous container. */
export async function logOf(
  api: KubernetesApi,
  name: string,
  pod: V1Pod,
  { tail, after, since, until }: LogRequest,
): Promise<Stamped[]> {
  const path = `${podsIn(qualified(name).namespace)}/${pod.metadata!.name}/log`;
  const from = after || (since === undefined ? undefined : new Date(since).toISOString());
  const query = {
    timestamps: true,
    container: containerName(pod),
    ...(from !== undefined && { sinceTime: from }),
    // The API has no end of the range: the last lines before it are chosen here.
    tailLines: after || until !== undefined ? longestPage : tail,
  };
  const restarted = mainContainer(pod)?.lastState?.terminated !== undefined && after === undefined;
  const texts = await Promise.all([
    restarted ? api.text(path, { ...query, previous: true }).catch(() => '') : '',
    api.text(path, query).catch(unlessNotStarted),
  ]);
  return texts
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ at: line.slice(0, line.indexOf(' ')), line: line.slice(line.indexOf(' ') + 1) }))
    .filter(({ at }) => until === undefined || Date.parse(at) <= until);
}

function unlessNotStarted(error: unknown): string {
  if (error instanceof RuntimeError && error.kind !== 'platform') return '';
  throw error;
}

function shortName({ metadata }: V1Pod): string {
  return metadata!.name!.split('-').slice(-1)[0]!;
}
