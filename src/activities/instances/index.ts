import { hasWorkloads } from '../../model/runtimes';
import type { InstanceRef } from '../../model/instance';
import type { Retirement } from '../../plan/plan';
import { RuntimeError, type Runtime } from '../../runtimes/runtime';
import type { Activities, StepContext } from '../contract';
import { balancerOf } from '../traffic/balancer';
import type { ConfigContents } from './config-contents';
import type { Dependencies } from '../dependencies';
import { drain } from '../traffic/drain';
import { CancelledFailure } from '@temporalio/common';
import { alive, type Surroundings } from '../alive';
import { gatherEvidence, type Findings } from './evidence';
import { withMemory } from './memory';
import { isFault, SoftwareFault } from '../failures';
import { awaitHealthy, startUntilHealthy, type AwaitOptions, type Unhealthy } from '../health/await-healthy';

type InstanceActivities = Pick<
  Activities,
  | 'startInstance'
  | 'awaitHealthy'
  | 'retireInstance'
  | 'retireInstances'
  | 'reviveInstance'
  | 'reviveInstances'
  | 'restoreInstance'
  | 'selectInstance'
  | 'removeInstance'
  | 'removeInstances'
  | 'execInInstance'
>;

type Parts = Dependencies & { contents: ConfigContents };
type WatchOptions = Pick<AwaitOptions, 'signal' | 'usedMs' | 'onProbe'>;

const hookTimeoutMs = 60_000;
const preStopTimeoutMs = 60_000;

/** What is done to one instance of a service. */
export function instanceActivities({ runtimes, secrets, events, contents }: Parts): InstanceActivities {
  /** Watches an instance; one that does not get healthy, and a wait that is cancelled, end with the evidence. */
  const watched = async (
    context: StepContext,
    instance: InstanceRef,
    { signal, note, before }: Surroundings,
    watch: (options: WatchOptions) => Promise<Unhealthy | undefined>,
  ) => {
    const evidence = (found: Findings) => gatherEvidence(runtimes(context), secrets, context, instance.name, found);
    let lastProbeError: string | undefined;
    const onProbe: WatchOptions['onProbe'] = (problem, usedMs) => {
      lastProbeError = problem;
      note({ usedMs, ...(problem && { lastProbe: secrets.mask(problem) }) });
      events.emit('probe', { service: instance.service, healthy: problem === undefined });
    };
    const unhealthy = await watch({
      signal,
      usedMs: (before as { usedMs?: number } | undefined)?.usedMs ?? 0,
      onProbe,
    }).catch(async (error: Error) => {
      throw signal.aborted ? new CancelledFailure(error.message, [await evidence({ lastProbeError })]) : error;
    });
    if (!unhealthy) return;
    const shown = await evidence(unhealthy);
    throw new SoftwareFault(withMemory(`${nameIn(context, instance)} ${unhealthy.message}`, shown), shown);
  };
  const retire = async (
    context: StepContext,
    { instance, drain: open }: Retirement,
    { signal, note }: Surroundings,
  ) => {
    const runtime = runtimes(context);
    if (open)
      await drain(balancerOf(runtime, open.balancer.name), open.addresses, { timeoutMs: open.timeoutMs, signal, note });
    if (instance.preStop && !runtime.workloads)
      await runtime.exec(instance.name, instance.preStop, preStopTimeoutMs).catch(() => undefined);
    await runtime.retire(instance);
    events.emit('instance', { service: instance.service, event: 'retired' });
  };
  const revive = (context: StepContext, instance: InstanceRef, surroundings: Surroundings, afterTrouble: boolean) =>
    watched(context, instance, surroundings, async (options) => {
      await runtimes(context).revive(instance);
      events.emit('instance', { service: instance.service, event: 'revived' });
      return awaitHealthy(runtimes(context), instance, { ...options, afterTrouble, fresh: false });
    });
  return {
    startInstance: (context, instance, { afterTrouble, force = false }) =>
      alive((surroundings) =>
        watched(context, instance, surroundings, async (options) =>
          startUntilHealthy(runtimes(context), await contents.complete(instance), {
            ...options,
            afterTrouble,
            force,
            onStart: () => events.emit('instance', { service: instance.service, event: 'started' }),
          }),
        ),
      ),

    awaitHealthy: (context, instance, { afterTrouble }) =>
      alive((surroundings) =>
        watched(context, instance, surroundings, (options) =>
          awaitHealthy(runtimes(context), instance, { ...options, afterTrouble, fresh: false }),
        ),
      ),

    execInInstance: (context, instance, command, purpose) =>
      alive(async () => {
        const runtime = runtimes(context);
        const { exitCode, output } = await runtime.exec(instance.name, command, hookTimeoutMs);
        if (exitCode === 0) return;
        const evidence = await gatherEvidence(runtime, secrets, context, instance.name, {});
        throw new SoftwareFault(`the ${purpose} of ${instance.service}-${instance.ordinal} exited ${exitCode}`, {
          ...evidence,
          exitCode,
          logs: [...secrets.mask(output).split('\n').filter(Boolean).slice(-20), ...evidence.logs].slice(0, 50),
        });
      }),

    retireInstance: (context, instance, open) =>
      alive((surroundings) => retire(context, { instance, drain: open }, surroundings)),

    retireInstances: (context, retirements) =>
      alive(async (surroundings) => {
        const ends = await Promise.allSettled(
          retirements.map((retirement) => retire(context, retirement, surroundings)),
        );
        for (const end of ends) if (end.status === 'rejected') throw end.reason;
      }),

    reviveInstance: (context, instance, { afterTrouble }) =>
      alive((surroundings) => revive(context, instance, surroundings, afterTrouble)),

    restoreInstance: (context, instance, deployment) =>
      alive((surroundings) =>
        watched(context, instance, surroundings, async (options) => {
          const runtime = runtimes(context);
          await runtime.workloads!.restore(instance, deployment);
          events.emit('instance', { service: instance.service, event: 'revived' });
          return awaitHealthy(runtime, instance, { ...options, afterTrouble: false, fresh: false });
        }),
      ),

    selectInstance: (context, instance, to) =>
      alive(() => runtimes(context).workloads!.select(instance.name, to ?? undefined)),

    reviveInstances: (context, instances, { afterTrouble }) =>
      alive(async (surroundings) => {
        const failures: string[] = [];
        for (const instance of instances) {
          await revive(context, instance, { ...surroundings, before: undefined }, afterTrouble).catch(
            (error: Error) => {
              if (!isFault(error)) throw error;
              failures.push(`start ${instance.name} again: ${error.message}`);
            },
          );
        }
        return failures;
      }),

    removeInstance: (context, instance) =>
      alive(async () => {
        await removeGently(runtimes(context), instance);
        events.emit('instance', { service: instance.service, event: 'removed' });
      }),

    removeInstances: (context, instances) =>
      alive(async () => {
        const runtime = runtimes(context);
        const outcomes = await Promise.allSettled(instances.map((instance) => removeGently(runtime, instance)));
        const failures = outcomes.flatMap((outcome, index) =>
          outcome.status === 'rejected' ? [{ name: instances[index]!.name, error: outcome.reason as Error }] : [],
        );
        const away = failures.find(({ error }) => error instanceof RuntimeError && error.kind === 'platform');
        if (away) throw away.error;
        for (const [index, { status }] of outcomes.entries())
          if (status === 'fulfilled') events.emit('instance', { service: instances[index]!.service, event: 'removed' });
        return failures.map(({ name, error }) => `remove ${name}: ${error.message}`);
      }),
  };
}

/** The name of an instance in messages. A workload numbers its pods itself. */
export function nameIn({ runtime }: StepContext, { service, ordinal }: InstanceRef): string {
  return hasWorkloads({ runtime }) ? service : `${service}-${ordinal}`;
}

/** One that still runs is told before it is stopped. */
async function removeGently(runtime: Runtime, instance: InstanceRef): Promise<void> {
  if (instance.preStop && !runtime.workloads && (await runtime.inspect(instance.name))?.state === 'running')
    await runtime.exec(instance.name, instance.preStop, preStopTimeoutMs).catch(() => undefined);
  await runtime.remove(instance);
}
