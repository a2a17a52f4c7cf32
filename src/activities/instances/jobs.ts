import { sleepLong } from '../../guard/timers';
import type { InstanceStatus } from '../../model/instance-status';
import type { InstanceRef } from '../../model/instance';
import { RuntimeError, type Runtime } from '../../runtimes/runtime';
import { withHeartbeat } from '../heartbeat';
import type { ConfigContents } from './config-contents';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { gatherEvidence } from './evidence';
import { SoftwareFault, UnknownOutcome } from '../failures';
import { killed, ranOutOfMemory, withMemory } from './memory';

/**
 * Jobs are created and started in separate activities: once the creation is recorded, a job whose instance is missing
 * may have run, and is not run again unless a person says so.
 */
export function jobActivities({
  runtimes,
  secrets,
  events,
  contents,
}: Dependencies & { contents: ConfigContents }): Pick<Activities, 'createJob' | 'runJob' | 'runTest'> {
  return {
    createJob: (context, instance) =>
      withHeartbeat(async () => runtimes(context).create(await contents.complete(instance))),

    runJob: (context, instance, { timeoutMs, again }) =>
      withHeartbeat(async ({ signal }) => {
        const runtime = runtimes(context);
        const before = await runtime.inspect(instance.name);
        if (!before)
          throw new UnknownOutcome(
            `the instance of ${instance.service} no longer exists; it is unknown whether it ran`,
          );
        if (before.state === 'created' || again) {
          await startJob(runtime, instance);
          events.emit('instance', { service: instance.service, event: 'started' });
        }
        const end = await exitOf(runtime, instance.name, timeoutMs, signal);
        if (end === 'timeout') {
          await runtime.retire(instance);
          throw new SoftwareFault(
            `${instance.service} did not finish within its timeout of ${timeoutMs! / 1000} s and was stopped`,
            await gatherEvidence(runtime, secrets, context, instance.name, {}),
          );
        }
        if (end.exitCode === 0) return;
        if (
          before.state === 'exited' &&
          !again &&
          (end.exitCode === undefined || end.exitCode === killed) &&
          !(await ranOutOfMemory(runtime, instance.name, end))
        ) {
          throw new UnknownOutcome(
            `${instance.service} was killed from outside while it ran (exit ${end.exitCode ?? 'unknown'})`,
          );
        }
        const evidence = await gatherEvidence(runtime, secrets, context, instance.name, { status: end });
        throw new SoftwareFault(withMemory(`${instance.service} exited ${end.exitCode ?? '?'}`, evidence), evidence);
      }),

    runTest: (context, instance, timeoutMs) =>
      withHeartbeat(async ({ signal }) => {
        const runtime = runtimes(context);
        try {
          await runtime.create(await contents.complete(instance));
          if ((await runtime.inspect(instance.name))?.state === 'created') await runtime.start(instance.name);
          const end = await exitOf(runtime, instance.name, timeoutMs, signal);
          if (end !== 'timeout' && end.exitCode === 0) return;
          const why =
            end === 'timeout' ? `did not finish within ${timeoutMs / 1000} s` : `exited ${end.exitCode ?? '?'}`;
          const evidence = await gatherEvidence(
            runtime,
            secrets,
            context,
            instance.name,
            end === 'timeout' ? {} : { status: end },
          );
          throw new SoftwareFault(withMemory(`the smoke test of ${instance.service} ${why}`, evidence), evidence);
        } finally {
          await runtime.remove(instance);
        }
      }),
  };
}

/** An interrupted start may have run the job. */
async function startJob(runtime: Runtime, { name, service }: InstanceRef): Promise<void> {
  await runtime.start(name).catch((error: unknown) => {
    if (error instanceof RuntimeError && error.reason === 'stuck')
      throw new UnknownOutcome(
        `the start of ${service} was interrupted; it is unknown whether it ran, and ` +
          `it cannot be run again in this deployment (${error.message})`,
      );
    throw error;
  });
}

async function exitOf(
  runtime: Runtime,
  name: string,
  timeoutMs: number | undefined,
  signal: AbortSignal,
): Promise<InstanceStatus | 'timeout'> {
  const stop = new AbortController();
  const forward = () => stop.abort();
  signal.addEventListener('abort', forward, { once: true });
  try {
    const outcomes: Promise<InstanceStatus | 'timeout'>[] = [untilExited(runtime, name, stop.signal)];
    if (timeoutMs !== undefined)
      outcomes.push(sleepLong(await remaining(runtime, name, timeoutMs), stop.signal).then(() => 'timeout' as const));
    return await Promise.race(outcomes);
  } finally {
    stop.abort();
    signal.removeEventListener('abort', forward);
  }
}

/** The timeout counts from the start of the job, also when another worker takes over. */
async function remaining(runtime: Runtime, name: string, timeoutMs: number): Promise<number> {
  const startedAt = (await runtime.inspect(name))?.startedAt ?? Date.now();
  return Math.max(0, timeoutMs - (Date.now() - startedAt));
}

async function untilExited(runtime: Runtime, name: string, signal: AbortSignal): Promise<InstanceStatus> {
  for (;;) {
    const status = await runtime.inspect(name);
    if (!status) throw new UnknownOutcome('the instance of the job no longer exists; it is unknown how it ended');
    if (status.state === 'exited') return status;
    if (signal.aborted) throw signal.reason;
    await runtime.waitForExit(name, signal);
  }
}
