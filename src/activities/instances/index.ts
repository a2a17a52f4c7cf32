import { hasWorkloads } from '../../model/runtimes';
import { withValues, type InstanceRef, type InstanceSpec, type SecretMount } from '../../model/instance';
import type { Retirement } from '../../plan/plan';
import { RuntimeError, type Runtime } from '../../runtimes/runtime';
import type { Activities, StepContext } from '../contract';
import { initialMounts, startingPair } from '../certificates/pairs';
import { balancerOf } from '../traffic/balancer';
import type { ConfigContents } from './config-contents';
import type { SecretStore } from '../secrets';
import type { Dependencies } from '../dependencies';
import { drain } from '../traffic/drain';
import { CancelledFailure } from '@temporalio/common';
import { withHeartbeat, type ActivityScope } from '../heartbeat';
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

/** Activities on instances of a service. */
export function instanceActivities({ runtimes, secrets, events, contents, directory }: Parts): InstanceActivities {
  /** Runs a wait for health. An unhealthy instance and a cancelled wait both end with evidence. */
  const watched = async (
    context: StepContext,
    instance: InstanceRef,
    { signal, heartbeat, previous }: ActivityScope,
    watch: (options: WatchOptions) => Promise<Unhealthy | undefined>,
  ) => {
    const evidence = (found: Findings) => gatherEvidence(runtimes(context), secrets, context, instance.name, found);
    let lastProbeError: string | undefined;
    const onProbe: WatchOptions['onProbe'] = (problem, usedMs) => {
      lastProbeError = problem;
      heartbeat({ usedMs, ...(problem && { lastProbe: secrets.mask(problem) }) });
      events.emit('probe', { service: instance.service, healthy: problem === undefined });
    };
    const unhealthy = await watch({
      signal,
      usedMs: (previous as { usedMs?: number } | undefined)?.usedMs ?? 0,
      onProbe,
    }).catch(async (error: Error) => {
      throw signal.aborted ? new CancelledFailure(error.message, [await evidence({ lastProbeError })]) : error;
    });
    if (!unhealthy) return;
    const shown = await evidence(unhealthy);
    throw new SoftwareFault(withMemory(`${nameIn(context, instance)} ${unhealthy.message}`, shown), shown);
  };
  /** A load balancer that gets a certificate by itself starts with the one that is there. */
  const certified = async (context: StepContext, spec: InstanceSpec): Promise<InstanceSpec> => {
    if (!spec.certified) return spec;
    const pair = await startingPair({ secrets, directory }, context, spec.certified);
    return { ...spec, secrets: [...spec.secrets, ...initialMounts(pair)] };
  };
  const retire = async (
    context: StepContext,
    { instance, drain: open }: Retirement,
    { signal, heartbeat }: ActivityScope,
  ) => {
    const runtime = runtimes(context);
    if (open)
      await drain(balancerOf(runtime, open.balancer.name), open.addresses, {
        timeoutMs: open.timeoutMs,
        signal,
        heartbeat,
      });
    await runPreStop(runtime, secrets, instance);
    await runtime.retire(instance);
    events.emit('instance', { service: instance.service, event: 'retired' });
  };
  const revive = (context: StepContext, instance: InstanceRef, scope: ActivityScope, afterTrouble: boolean) =>
    watched(context, instance, scope, async (options) => {
      await runtimes(context).revive(instance);
      events.emit('instance', { service: instance.service, event: 'revived' });
      return awaitHealthy(runtimes(context), instance, { ...options, afterTrouble, fresh: false });
    });
  return {
    startInstance: (context, instance, { afterTrouble, force = false }) =>
      withHeartbeat((scope) =>
        watched(context, instance, scope, async (options) =>
          startUntilHealthy(runtimes(context), await certified(context, await contents.complete(instance)), {
            ...options,
            afterTrouble,
            force,
            onStart: () => events.emit('instance', { service: instance.service, event: 'started' }),
          }),
        ),
      ),

    awaitHealthy: (context, instance, { afterTrouble }) =>
      withHeartbeat((scope) =>
        watched(context, instance, scope, (options) =>
          awaitHealthy(runtimes(context), instance, { ...options, afterTrouble, fresh: false }),
        ),
      ),

    execInInstance: (context, instance, command, purpose, used = []) =>
      withHeartbeat(async () => {
        const runtime = runtimes(context);
        const words = await withSecrets(command, used, secrets);
        const { exitCode, output } = await runtime.exec(instance.name, words, hookTimeoutMs);
        if (exitCode === 0) return;
        const evidence = await gatherEvidence(runtime, secrets, context, instance.name, {});
        throw new SoftwareFault(`the ${purpose} of ${instance.service}-${instance.ordinal} exited ${exitCode}`, {
          ...evidence,
          exitCode,
          logs: [...secrets.mask(output).split('\n').filter(Boolean).slice(-20), ...evidence.logs].slice(0, 50),
        });
      }),

    retireInstance: (context, instance, open) =>
      withHeartbeat((scope) => retire(context, { instance, drain: open }, scope)),

    retireInstances: (context, retirements) =>
      withHeartbeat(async (scope) => {
        const results = await Promise.allSettled(retirements.map((retirement) => retire(context, retirement, scope)));
        for (const result of results) if (result.status === 'rejected') throw result.reason;
      }),

    reviveInstance: (context, instance, { afterTrouble }) =>
      withHeartbeat((scope) => revive(context, instance, scope, afterTrouble)),

    restoreInstance: (context, instance, deployment) =>
      withHeartbeat((scope) =>
        watched(context, instance, scope, async (options) => {
          const runtime = runtimes(context);
          await runtime.workloads!.restore(instance, deployment);
          events.emit('instance', { service: instance.service, event: 'revived' });
          return awaitHealthy(runtime, instance, { ...options, afterTrouble: false, fresh: false });
        }),
      ),

    selectInstance: (context, instance, to) =>
      withHeartbeat(() => runtimes(context).workloads!.select(instance.name, to ?? undefined)),

    reviveInstances: (context, instances, { afterTrouble }) =>
      withHeartbeat(async (scope) => {
        const failures: string[] = [];
        for (const instance of instances) {
          await revive(context, instance, { ...scope, previous: undefined }, afterTrouble).catch((error: Error) => {
            if (!isFault(error)) throw error;
            failures.push(`start ${instance.name} again: ${error.message}`);
          });
        }
        return failures;
      }),

    removeInstance: (context, instance) =>
      withHeartbeat(async () => {
        await removeWithPreStop(runtimes(context), secrets, instance);
        events.emit('instance', { service: instance.service, event: 'removed' });
      }),

    removeInstances: (context, instances) =>
      withHeartbeat(async () => {
        const runtime = runtimes(context);
        const outcomes = await Promise.allSettled(
          instances.map((instance) => removeWithPreStop(runtime, secrets, instance)),
        );
        const failures = outcomes.flatMap((outcome, index) =>
          outcome.status === 'rejected' ? [{ name: instances[index]!.name, error: outcome.reason as Error }] : [],
        );
        const unavailable = failures.find(({ error }) => error instanceof RuntimeError && error.kind === 'platform');
        if (unavailable) throw unavailable.error;
        for (const [index, { status }] of outcomes.entries())
          if (status === 'fulfilled') events.emit('instance', { service: instances[index]!.service, event: 'removed' });
        return failures.map(({ name, error }) => `remove ${name}: ${error.message}`);
      }),
  };
}

/** Name of an instance in messages. A cluster has one workload per service, without an ordinal. */
export function nameIn({ runtime }: StepContext, { service, ordinal }: InstanceRef): string {
  return hasWorkloads({ runtime }) ? service : `${service}-${ordinal}`;
}

/** Runs `pre_stop` first if the instance still runs. */
async function removeWithPreStop(runtime: Runtime, secrets: SecretStore, instance: InstanceRef): Promise<void> {
  const isHooked = instance.preStop !== undefined && !runtime.workloads;
  if (isHooked && (await runtime.inspect(instance.name))?.state === 'running')
    await runPreStop(runtime, secrets, instance);
  await runtime.remove(instance);
}

/** Runs `pre_stop`. Nothing keeps an instance from stopping: neither its failure nor a secret that cannot be read. */
async function runPreStop(runtime: Runtime, secrets: SecretStore, instance: InstanceRef): Promise<void> {
  const { name, preStop, preStopSecrets = [] } = instance;
  if (!preStop || runtime.workloads) return;
  await withSecrets(preStop, preStopSecrets, secrets)
    .then((words) => runtime.exec(name, words, preStopTimeoutMs))
    .catch(() => undefined);
}

/** The words of a command with the values of the secrets that they refer to, read now. */
async function withSecrets(command: string[], used: SecretMount[], secrets: SecretStore): Promise<string[]> {
  if (used.length === 0) return command;
  const values = await secrets.texts({ secrets: used });
  return command.map((word) => withValues(word, values));
}
