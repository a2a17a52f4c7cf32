import type { Stack } from '../../model/stack';
import type { Observation, ObservedInstance } from '../../model/observation';
import type { Findings } from '../../model/watch';
import { findDrift } from '../../plan/service/drift';
import { sleepLong } from '../../guard/timers';
import { portionOf } from '../../plan/hosts/portion';
import { toRef } from '../../plan/service/instance-spec';
import type { Runtime } from '../../runtimes/runtime';
import { awaitHealthy } from '../health/await-healthy';
import { withHeartbeat } from '../heartbeat';
import type { Activities, WatchOrders } from '../contract';
import type { Dependencies } from '../dependencies';
import { isFault, SoftwareFault } from '../failures';
import { completeObservation, observeHost, placeOf } from '../observe/observe-stack';
import type { SecretStore } from '../secrets';
import { followersOf } from './followers';
import { observeWithDetails } from './observe-with-details';
import { cacheLast } from './cache-last';
import { watch } from './watcher';

/** Deployments often follow each other closely, and each has just observed everything by itself. */
const settleMs = 1000;

type WatchActivities = Pick<Activities, 'watchRelease' | 'restartInstance'>;

/** Activities that look after a release between deployments. */
export function watchActivities(dependencies: Dependencies): WatchActivities {
  const { runtimes, directory, events, secrets } = dependencies;
  const keptRelease = async ({ stack, environment }: WatchOrders['place'], release: number) => {
    const kept = await directory.release(stack, environment, release);
    if (!kept) throw new SoftwareFault(`release ${release} of ${stack}/${environment} is not kept`);
    return kept;
  };
  const restart = async (runtime: Runtime, instance: ObservedInstance) => {
    await runtime.retire(toRef(instance));
    await runtime.revive(toRef(instance));
    events.emit('instance', { service: instance.service, event: 'revived' });
  };
  return {
    watchRelease: ({ place, release, host, deployment, committedAt, jobs, known }) =>
      withHeartbeat(async ({ signal }) => {
        const kept = await keptRelease(place, release);
        const { images } = kept;
        const stack = partOf(kept.stack, host);
        if (!stack.watch) return { findings: { ailing: [], drift: [] } };
        const windowMs = kept.deployment === deployment ? (stack.deployment.watchWindowMs ?? 0) : 0;
        const observe = observeWithDetails((closely) => observeHost(dependencies, stack, { closely, addresses: true }));
        const driftOf = cacheLast((observation: Observation) =>
          findDrift({ stack, observation, deployment, release, jobs }),
        );
        await sleepLong(Math.min(stack.watch.everyMs, settleMs), signal);
        const findings = await watch({
          runtime: runtimes(placeOf(stack)),
          observe,
          drift: (seen) =>
            differences(async () => driftOf(await completeObservation(dependencies, stack, images, seen))),
          everyMs: stack.watch.everyMs,
          strictUntil: committedAt + windowMs,
          known,
          runs: jobs,
          signal,
        });
        await secrets.learn(
          stack.secrets,
          Object.values(stack.services).flatMap(({ envFiles }) => envFiles),
        );
        return {
          findings: masked(findings, secrets),
          settings: stack.watch,
          windowMs,
          ...(stack.subscribers && { subscribers: stack.subscribers }),
        };
      }),

    restartInstance: ({ place, runtime: name, instance, release, host }) =>
      withHeartbeat(async ({ signal }) => {
        const stack = release === undefined ? undefined : partOf((await keptRelease(place, release)).stack, host);
        const runtime = runtimes(stack ? placeOf(stack) : { runtime: name, ...place });
        const { instances } = await runtime.observe({ images: [], ports: [] });
        const found = instances.find((each) => each.name === instance);
        if (!found) return 0;
        const before = (await runtime.inspect(instance))?.restarts ?? 0;
        await restart(runtime, found);
        const followers = followersOf(found, instances, stack);
        if (followers.length > 0) await settled(runtime, found, signal);
        for (const follower of followers) await restart(runtime, follower);
        return before;
      }),
  };
}

/** Waits until a restarted instance is healthy, or has failed: then the watch goes on to restart it. */
async function settled(runtime: Runtime, instance: ObservedInstance, signal: AbortSignal): Promise<void> {
  const options = { fresh: false, afterTrouble: false, usedMs: 0, signal, onProbe: () => undefined };
  await awaitHealthy(runtime, toRef(instance), options);
}

/** The part of a stack on a host; all of it if no host is given. */
function partOf(stack: Stack, host: string | undefined): Stack {
  return host === undefined ? stack : portionOf(stack, host, stack.placement ?? {});
}

/**
 * If the comparison fails, because a secret is missing or the load balancer does not answer, its error is reported as
 * drift.
 */
async function differences(compare: () => Promise<string[]>): Promise<string[]> {
  try {
    return await compare();
  } catch (error) {
    if (isFault(error)) return error.message.split('\n');
    throw error;
  }
}

/** The output of a health check may contain a secret. */
function masked({ ailing, drift, ...rest }: Findings, secrets: SecretStore): Findings {
  return {
    ...rest,
    ailing: ailing.map((each) => ({ ...each, why: secrets.mask(each.why) })),
    drift: drift.map((each) => secrets.mask(each)),
  };
}
