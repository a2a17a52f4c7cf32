import { monotonicMs } from '../../guard/monotonic';
import type { HealthCheck } from '../../model/instance';
import {
  crashLoop,
  hasCompleted,
  isInCrashLoop,
  type InstanceLine,
  type InstanceStatus,
} from '../../model/instance-status';
import { hostPort } from '../../model/names/host-port';
import { hasSuccessor, type ObservedInstance } from '../../model/observation';
import { withDeadline } from '../../runtimes/deadline';
import { RuntimeError, type LogPage, type LogRequest, type Runtime } from '../../runtimes/runtime';
import { withHeartbeat } from '../heartbeat';
import type { Activities, InstanceLog } from '../contract';
import type { Dependencies } from '../dependencies';
import { eachOf } from '../each-of';
import { maskLines } from '../instances/evidence';
import { ranOutOfMemory } from '../instances/memory';
import { SoftwareFault } from '../failures';
import { problemOf } from '../health/probe';
import { converse } from './converse';
import { placeOf } from './observe-stack';

const longestLine = 16_000;
/** Lines of one instance in one call. */
const mostLines = 10_000;
/** Instances read in parallel: their whole log pages are held in memory. */
const readAtOnce = 4;
/** Timeout for the logs of one instance. */
const readingMs = 25_000;
/** Longest time of a probe, as a person waits for it. */
const probingMs = 10_000;
/** Characters of one result; Temporal accepts up to 2 MB. */
const largestAnswer = 1_000_000;

type ReadingActivities = Pick<Activities, 'describeInstances' | 'readLogs' | 'runCommand' | 'converse'>;

/** Activities that read running instances for people: status, logs, commands. */
export function readingActivities(dependencies: Dependencies): ReadingActivities {
  const { runtimes, secrets, rules } = dependencies;
  const requireExec = () => {
    if (rules.policy.exec === false)
      throw new SoftwareFault("the worker's policy does not allow commands inside instances (rule exec)");
  };
  return {
    describeInstances: (stack) =>
      withHeartbeat(async () => {
        const runtime = runtimes(placeOf(stack));
        const { instances } = await runtime.observe({ images: [], ports: [] });
        const shown = instances.filter((instance) => !isReplaced(instance, instances));
        const lines = await Promise.all(
          shown.map((instance) =>
            describeAll(runtime, instance).catch((error: unknown) => [undescribed(instance, error)]),
          ),
        );
        return lines.flat();
      }),

    readLogs: (context, instances, tail, after, times) =>
      withHeartbeat(async () => {
        await secrets.learn(context.secrets, context.envFiles);
        const runtime = runtimes(context);
        const names = [...new Set(instances)];
        const read = new Map<string, InstanceLog>();
        await eachOf(names, readAtOnce, async (name) => {
          const { lines, cursor, ...unread } = await pageOf(runtime, name, {
            ...times,
            tail: Math.min(tail, mostLines),
            after: after[name],
          });
          read.set(name, {
            ...unread,
            name,
            lines: newest(maskLines(secrets, lines, longestLine), largestAnswer / names.length),
            cursor,
          });
        });
        return names.map((name) => read.get(name)!);
      }),

    runCommand: (context, instance, command, timeoutMs) =>
      withHeartbeat(async () => {
        requireExec();
        await secrets.learn(context.secrets, context.envFiles);
        const { output, ...rest } = await runtimes(context).exec(instance, command, timeoutMs);
        return { ...rest, output: secrets.mask(output) };
      }),

    converse: (context, instance, command, session) =>
      withHeartbeat(async ({ signal }) => {
        requireExec();
        return converse(dependencies, context, instance, command, session, signal);
      }),
  };
}

/** Reads a page of logs. An unreadable log does not affect other instances; platform trouble is thrown, and retried. */
async function pageOf(runtime: Runtime, name: string, request: LogRequest): Promise<LogPage & { unreadable?: string }> {
  const late = () => new RuntimeError('software', `no answer within ${readingMs / 1000} s`);
  return withDeadline(runtime.logs(name, request), readingMs, late).catch((error: unknown) => {
    if (!(error instanceof RuntimeError) || error.kind === 'platform') throw error;
    return { lines: [], cursor: request.after ?? '', unreadable: error.message };
  });
}

/** The last lines that fit, preceded by the number of lines that were left out. */
function newest(lines: string[], largest: number): string[] {
  let size = 0;
  const cut = lines.findLastIndex((line) => (size += line.length) > largest);
  return cut < 0 ? lines : [`(${cut + 1} lines left out)`, ...lines.slice(cut + 1)];
}

/** True for a retired instance with a successor. It waits for the commit or a rollback, and is not shown. */
function isReplaced(instance: ObservedInstance, all: readonly ObservedInstance[]): boolean {
  return instance.state === 'exited' && hasSuccessor(instance, all);
}

/** One line per instance; on a cluster, one per pod. */
async function describeAll(runtime: Runtime, instance: ObservedInstance): Promise<InstanceLine[]> {
  const pods = (await runtime.workloads?.pods(instance.name)) ?? [];
  if (pods.length === 0) return [await describe(runtime, instance)];
  const { service, image, release } = instance;
  return pods.map((pod, index) => ({ service, ordinal: index + 1, image, release, ports: portsOf(instance), ...pod }));
}

async function describe(runtime: Runtime, instance: ObservedInstance): Promise<InstanceLine> {
  const status = await runtime.inspect(instance.name);
  const isLooping = instance.kind !== 'job' && status !== undefined && isInCrashLoop(status, Date.now());
  const outOfMemory =
    status &&
    (status.state !== 'running' || status.restarts > 0) &&
    (await ranOutOfMemory(runtime, instance.name, status));
  const found = isLooping ? crashLoop : await health(runtime, instance, status);
  return {
    service: instance.service,
    ordinal: instance.ordinal,
    name: instance.name,
    state: status?.state ?? 'missing',
    health: outOfMemory && (isLooping || status.state !== 'running') ? `${found}, out of memory` : found,
    ...(outOfMemory && { outOfMemory }),
    image: instance.image,
    restarts: status?.restarts ?? 0,
    ports: portsOf(instance),
    release: instance.release,
    ...(hasCompleted(instance, status) && { endedAs: instance.hash }),
  };
}

/**
 * The line of an instance that cannot be inspected, from the listing. Platform trouble concerns all instances and is
 * thrown.
 */
function undescribed(instance: ObservedInstance, error: unknown): InstanceLine {
  if (!(error instanceof RuntimeError) || (error.kind === 'platform' && error.reason !== 'unclear')) throw error;
  const { service, ordinal, name, state, image, release, restarts = 0 } = instance;
  return {
    service,
    ordinal,
    name,
    state,
    health: `unknown (${error.message})`,
    image,
    restarts,
    ports: portsOf(instance),
    release,
  };
}

function portsOf({ ports }: ObservedInstance): string[] {
  return ports.map(({ hostIp, host, container }) => `${hostIp ? hostPort(hostIp, host) : host}->${container}`);
}

async function health(
  runtime: Runtime,
  { name, healthCheck, kind, exitCode, state }: ObservedInstance,
  now: InstanceStatus | undefined,
): Promise<string> {
  if (now?.state === 'paused') return 'paused';
  if (now?.state === 'created') return 'not started';
  if (kind === 'job')
    return state === 'exited' ? (exitCode === 0 ? 'completed' : `exited ${exitCode ?? '?'}`) : 'running';
  if (now?.state !== 'running') return 'down';
  if (!healthCheck) return now.health ?? '-';
  return checked(runtime, name, healthCheck);
}

/** The result of one probe. One that is cut short before its own timeout says nothing about the instance. */
async function checked(runtime: Runtime, name: string, check: HealthCheck): Promise<string> {
  const timeoutMs = Math.min(check.timeoutMs, probingMs);
  const started = monotonicMs();
  try {
    if ((await problemOf(runtime, name, { ...check, timeoutMs })) === undefined) return 'healthy';
  } catch (error) {
    return `unknown (${(error as Error).message})`;
  }
  const isCutShort = timeoutMs < check.timeoutMs && Math.ceil(monotonicMs() - started) >= timeoutMs;
  return isCutShort ? `unknown (its check takes more than ${timeoutMs / 1000} s)` : 'unhealthy';
}
