import { toRef } from '../../plan/instance-spec';
import { findDrift } from '../../plan/drift';
import { alive } from '../alive';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
import { observeStack } from '../observe-stack';
import { watch } from './watcher';

type WatchActivities = Pick<Activities, 'watchRelease' | 'restartInstance'>;

/** What is done between deployments. */
export function watchActivities(dependencies: Dependencies): WatchActivities {
  const { runtimes, directory, events } = dependencies;
  return {
    watchRelease: ({ place, release, deployment, committedAt, jobs, known }) =>
      alive(async ({ signal }) => {
        const kept = await directory.release(place.stack, place.environment, release);
        if (!kept) throw new SoftwareFault(`release ${release} of ${place.stack}/${place.environment} is not kept`);
        const { stack, images } = kept;
        if (!stack.watch) return { findings: { ailing: [], drift: [] } };
        const windowMs = kept.deployment === deployment ? (stack.deployment.watchWindowMs ?? 0) : 0;
        const findings = await watch({
          runtime: runtimes(stack.runtime),
          observe: () => observeStack(dependencies, stack, images),
          drift: (observation) => findDrift({ stack, observation, deployment, release, jobs }),
          everyMs: stack.watch.everyMs,
          strictUntil: committedAt + windowMs,
          known,
          signal,
        });
        return { findings, settings: stack.watch, windowMs, ...(stack.subscribers && { subscribers: stack.subscribers }) };
      }),

    restartInstance: ({ place, runtime: name, instance }) =>
      alive(async () => {
        const runtime = runtimes(name);
        const { instances } = await runtime.observe(place, { images: [], ports: [] });
        const found = instances.find((each) => each.name === instance);
        if (!found) return;
        await runtime.retire(toRef(found));
        await runtime.revive(toRef(found));
        events.emit('instance', { service: found.service, event: 'revived' });
      }),
  };
}
