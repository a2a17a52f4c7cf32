import type { InstanceRef } from '../model/instance';
import type { InstanceStatus } from '../model/instance-status';
import type { Runtime } from '../runtimes/runtime';
import type { Activities, StepContext } from './contract';
import type { Dependencies } from './dependencies';
import { alive, type Surroundings } from './alive';
import { gatherEvidence } from './evidence';
import { SoftwareFault } from './failures';
import { awaitHealthy } from './health/await-healthy';

type InstanceActivities = Pick<Activities, 'startInstance' | 'awaitHealthy' | 'retireInstance' | 'reviveInstance' | 'removeInstance' | 'execInInstance' | 'confirm'>;

const hookTimeoutMs = 60_000;
const preStopTimeoutMs = 60_000;

/** What is done to one instance of a service. */
export function instanceActivities({ runtimes, secrets, events }: Dependencies): InstanceActivities {
  const untilHealthy = async (context: StepContext, instance: InstanceRef, options: { fresh: boolean; afterTrouble: boolean; firstExit?: Promise<number | undefined> }, { signal, note, before }: Surroundings) => {
    const runtime = runtimes(context.runtime);
    const unhealthy = await awaitHealthy(runtime, instance, {
      ...options, signal,
      usedMs: (before as { usedMs?: number } | undefined)?.usedMs ?? 0,
      onProbe: (problem, usedMs) => {
        note({ usedMs, ...(problem && { lastProbe: secrets.mask(problem) }) });
        events.emit('probe', { service: instance.service, healthy: problem === undefined });
      },
    });
    if (unhealthy) throw new SoftwareFault(`${instance.service}-${instance.ordinal} ${unhealthy.message}`, await gatherEvidence(runtime, secrets, context, instance.name, unhealthy));
  };
  return {
    startInstance: (context, instance, { afterTrouble }) =>
      alive(async (surroundings) => {
        const runtime = runtimes(context.runtime);
        await runtime.create(instance);
        const stop = new AbortController();
        const firstExit = runtime.nextExit?.(instance.name, stop.signal).catch(() => undefined);
        try {
          await runtime.start(instance.name);
          events.emit('instance', { service: instance.service, event: 'started' });
          await untilHealthy(context, instance, { fresh: true, afterTrouble, firstExit }, surroundings);
        } finally {
          stop.abort();
        }
      }),

    awaitHealthy: (context, instance, { afterTrouble }) => alive((surroundings) => untilHealthy(context, instance, { fresh: false, afterTrouble }, surroundings)),

    execInInstance: (context, instance, command, purpose) =>
      alive(async () => {
        const runtime = runtimes(context.runtime);
        const { exitCode, output } = await runtime.exec(instance.name, command, hookTimeoutMs);
        if (exitCode === 0) return;
        const evidence = await gatherEvidence(runtime, secrets, context, instance.name, {});
        throw new SoftwareFault(`the ${purpose} of ${instance.service}-${instance.ordinal} exited ${exitCode}`, { ...evidence, exitCode, logs: [...secrets.mask(output).split('\n').filter(Boolean).slice(-20), ...evidence.logs].slice(0, 50) });
      }),

    retireInstance: (context, instance) =>
      alive(async () => {
        const runtime = runtimes(context.runtime);
        if (instance.preStop) await runtime.exec(instance.name, instance.preStop, preStopTimeoutMs).catch(() => undefined);
        await runtime.retire(instance);
        events.emit('instance', { service: instance.service, event: 'retired' });
      }),

    reviveInstance: (context, instance, { afterTrouble }) =>
      alive(async (surroundings) => {
        await runtimes(context.runtime).revive(instance);
        events.emit('instance', { service: instance.service, event: 'revived' });
        await untilHealthy(context, instance, { fresh: false, afterTrouble }, surroundings);
      }),

    removeInstance: (context, instance) =>
      alive(async () => {
        await runtimes(context.runtime).remove(instance);
        events.emit('instance', { service: instance.service, event: 'removed' });
      }),

    confirm: (context, expected) =>
      alive(async () => {
        const runtime = runtimes(context.runtime);
        const { instances } = await runtime.observe(context, { images: [], ports: [] });
        const running = new Map(instances.map((instance) => [instance.name, instance]));
        const found = await Promise.all(expected.map((instance) => (running.get(instance.name)?.state === 'running' ? settled(runtime, instance) : describeDown(runtime, instance))));
        return Promise.all(
          found.flatMap((down) => (down ? [gatherEvidence(runtime, secrets, context, down.name, down).then((evidence) => ({ service: down.service, message: down.message, evidence }))] : [])),
        );
      }),
  };
}

interface Down {
  name: string;
  service: string;
  message: string;
  status?: InstanceStatus;
}

/** Nobody probes an instance without a health check: one that its runtime had to restart has crashed. */
async function settled(runtime: Runtime, instance: InstanceRef): Promise<Down | undefined> {
  if (instance.healthCheck || instance.restart.startsWith('on-failure')) return undefined;
  const status = await runtime.inspect(instance.name);
  return status?.state === 'running' && status.restarts === 0 ? undefined : describeDown(runtime, instance, status);
}

async function describeDown(runtime: Runtime, { name, service, ordinal }: InstanceRef, known?: InstanceStatus): Promise<Down> {
  const status = known ?? (await runtime.inspect(name));
  const exit = status?.state === 'running' ? 'crashed and was restarted' : `exited ${status?.exitCode ?? '?'} after it had started`;
  return { name, service, status, message: `${service}-${ordinal} ${status ? exit : 'is gone: something else removed it'}` };
}
