import { activity } from '../../support/activity-options';
import { hostsOf, oneByOne, type HostQueue } from '../../hosts';
import type { Outcome } from '../../messages';
import { contextOf } from '../../support/step-context';
import type { DeploymentContext } from '../context';
import type { Compensation } from '../steps/compensation';

/** Removes all but the last releases, never the current one. Resolves with the numbers of the kept ones. */
export async function pruneReleases(
  context: DeploymentContext,
  compensation: Compensation,
  outcome: Outcome,
): Promise<number[]> {
  const { releases, release, deployment } = context.go;
  const { stack, intent, taskQueue, target } = context.input;
  if (outcome !== 'succeeded' || intent.kind !== 'deploy') return releases;
  const current = target ?? release.next;
  const all = [...new Set([...releases, current])].sort((a, b) => a - b);
  const oldest = all.slice(0, Math.max(0, all.length - stack.deployment.keepReleases));
  const drop = oldest.filter((each) => each !== current);
  const keep = all.filter((each) => !drop.includes(each));
  if (drop.length === 0) return keep;
  const hosts = hostsOf(stack, taskQueue);
  const names = `releases ${drop.join(', ')}`;
  const prune = ({ taskQueue: queue }: HostQueue) =>
    context.withPlatformRetry(queue, () =>
      activity('pruneReleases', queue, `remove the ${names}`)(
        contextOf(stack, deployment),
        drop,
        keep,
        queue === hosts.at(-1)!.taskQueue,
      ),
    );
  await oneByOne(hosts, prune).catch((error: Error) => compensation.leftBehind.push(`${names}: ${error.message}`));
  return keep;
}
