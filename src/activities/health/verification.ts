import { setTimeout as sleep } from 'node:timers/promises';
import { alwaysRestarted, type InstanceRef } from '../../model/instance';
import { hasCompleted, type Evidence, type InstanceStatus } from '../../model/instance-status';
import type { Runtime } from '../../runtimes/runtime';
import { withHeartbeat } from '../heartbeat';
import { balancerOf } from '../traffic/balancer';
import type { Activities, NotRunning, StepContext } from '../contract';
import type { Dependencies } from '../dependencies';
import { eachOf } from '../each-of';
import { gatherEvidence } from '../instances/evidence';
import { SoftwareFault } from '../failures';
import { withMemory } from '../instances/memory';
import { awaitHealthy } from './await-healthy';
import { watchRollout, type RestartBaselines } from './rollout-watch';
import { crashedAndRestarted, ownVerdict, stillHealthy, type Lapse } from './still-healthy';
import { nameIn } from '../instances';
import { monotonicMs } from '../../guard/monotonic';

type Unreached = { address: string; reason: string };

/** Instances that are probed in parallel. */
const concurrency = 50;
const listensWithinMs = 10_000;
const betweenTriesMs = 500;

/** Activities that verify that new instances stay healthy until the commit. */
export function verificationActivities({
  runtimes,
  secrets,
}: Dependencies): Pick<Activities, 'passGate' | 'watchInstances' | 'confirm'> {
  const evidenceOf = (context: StepContext, { name }: InstanceRef, lapse: Lapse): Promise<Evidence> =>
    gatherEvidence(runtimes(context), secrets, context, name, lapse);
  const failureOf = async (context: StepContext, instance: InstanceRef, lapse: Lapse): Promise<NotRunning> => {
    const evidence = await evidenceOf(context, instance, lapse);
    return {
      service: instance.service,
      message: withMemory(`${nameIn(context, instance)} ${secrets.mask(lapse.message)}`, evidence),
      evidence,
    };
  };
  return {
    passGate: (context, gate) =>
      withHeartbeat(async ({ signal }) => {
        const runtime = runtimes(context);
        await eachOf(gate.healthy, concurrency, async (instance) => {
          const lapse = await unlessStopped(runtime, instance, signal, () => stillHealthy(runtime, instance, signal));
          if (!lapse) return;
          const { message, evidence } = await failureOf(context, instance, lapse);
          throw new SoftwareFault(message, evidence);
        });
        const unreached = gate.reached
          ? await findUnreached(runtime, gate.reached.balancer, gate.reached.addresses, signal)
          : [];
        if (unreached.length > 0) throw new SoftwareFault(unreachedMessage(unreached));
      }),

    watchInstances: (context, instances, deathsOnly) =>
      withHeartbeat(async ({ signal, heartbeat, previous }) => {
        const runtime = runtimes(context);
        const { instance, ...lapse } = await watchRollout({
          runtime,
          instances,
          deathsOnly,
          baselines: previous as RestartBaselines | undefined,
          onBaselines: heartbeat,
          signal,
        });
        return { instance: instance.name, ...(await failureOf(context, instance, lapse)) };
      }),

    confirm: (context, expected, reached) =>
      withHeartbeat(async ({ signal }) => {
        const runtime = runtimes(context);
        const { instances } = await runtime.observe({ images: [], ports: [] });
        const states = new Map(instances.map(({ name, state }) => [name, state]));
        const failures: NotRunning[] = [];
        await eachOf(expected, concurrency, async (instance) => {
          const lapse = await unlessStopped(
            runtime,
            instance,
            signal,
            () => confirmOne(runtime, instance, signal),
            states.get(instance.name),
          );
          if (lapse) failures.push(await failureOf(context, instance, lapse));
          else if (instance.mayComplete && hasCompleted(instance, await runtime.inspect(instance.name)))
            failures.push(completionOf(context, instance));
        });
        const unreached = reached
          ? await findUnreached(
              runtime,
              reached.balancer,
              reached.targets.map(({ address }) => address),
              signal,
            )
          : [];
        for (const each of unreached)
          failures.push({
            service: reached!.targets.find(({ address }) => address === each.address)!.service,
            message: unreachedMessage([each]),
            evidence: { logs: [] },
          });
        return failures;
      }),
  };
}

/** An instance that runs no longer, as it may. */
function completionOf(context: StepContext, instance: InstanceRef): NotRunning {
  const message = `${nameIn(context, instance)} has completed (exit 0)`;
  return { service: instance.service, message, evidence: { exitCode: 0, logs: [] }, completed: true };
}

/**
 * Runs a check. An instance that a crash of the platform has stopped, even during the check, is started again: its
 * policy would have restarted it after an exit of its own.
 */
async function unlessStopped(
  runtime: Runtime,
  instance: InstanceRef,
  signal: AbortSignal,
  check: () => Promise<Lapse | undefined>,
  knownState?: string,
): Promise<Lapse | undefined> {
  const isStopped = (state: string | undefined) => state === 'exited' && alwaysRestarted.has(instance.restart);
  if (!isStopped(knownState)) {
    const lapse = await check();
    if (!isStopped(lapse?.status?.state)) return lapse;
  }
  return awaitHealthy(runtime, instance, {
    fresh: false,
    afterTrouble: true,
    usedMs: 0,
    signal,
    onProbe: () => undefined,
  });
}

async function confirmOne(runtime: Runtime, instance: InstanceRef, signal: AbortSignal): Promise<Lapse | undefined> {
  if (instance.healthCheck || runtime.workloads) return stillHealthy(runtime, instance, signal);
  const { lapse, status } = await ownVerdict(runtime, instance, signal);
  return lapse ?? (hasCrashed(instance, status!) ? crashedAndRestarted(runtime, instance.name, status!) : undefined);
}

/** For an instance without a health check, a restart by its runtime is the only sign of a crash. */
function hasCrashed({ restart }: InstanceRef, { restarts }: InstanceStatus): boolean {
  return restarts > 0 && !restart.startsWith('on-failure');
}

/**
 * The addresses that the load balancer does not reach. Retried for a while: without a health check, a program may not
 * listen yet.
 */
async function findUnreached(
  runtime: Runtime,
  balancer: InstanceRef,
  addresses: string[],
  signal: AbortSignal,
): Promise<Unreached[]> {
  const deadline = monotonicMs() + listensWithinMs;
  for (let remaining = addresses; ; await sleep(betweenTriesMs, undefined, { signal })) {
    const unreached = remaining.length > 0 ? await balancerOf(runtime, balancer.name).unreached(remaining) : [];
    if (unreached.length === 0 || monotonicMs() >= deadline) return unreached;
    remaining = unreached.map(({ address }) => address);
  }
}

function unreachedMessage(unreached: Unreached[]): string {
  return (
    'the load balancer does not reach ' +
    `${unreached.map(({ address, reason }) => `${address} (${reason})`).join('; ')}`
  );
}
