import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { failureTypes } from '../activities/contract';
import type { Stack } from '../model/stack';
import type { PinnedImages } from '../model/images';
import type { Observation } from '../model/observation';
import { place } from '../plan/hosts/place';
import { portionOf } from '../plan/hosts/portion';
import { within, type HostObservation, type StackObservation } from '../plan/hosts/view';
import { activity } from './support/activity-options';
import { hostQueue } from './messages';

/** A host of a stack, and the task queue of its worker. */
export interface HostQueue {
  /** Absent if the stack names no hosts. */
  name?: string;
  taskQueue: string;
}

/** The hosts of a stack. */
export function hostsOf({ hosts }: Pick<Stack, 'hosts'>, taskQueue: string): HostQueue[] {
  return hosts ? hosts.map(({ name }) => hostNamed(name)) : [{ taskQueue }];
}

export function hostNamed(name: string): HostQueue {
  return { name, taskQueue: hostQueue(name) };
}

/** Runs a call outside of a step, and waits while the platform is unavailable. */
export type WithPlatformRetry = <T>(taskQueue: string, call: () => Promise<T>) => Promise<T>;

export interface ObserveOptions {
  stack: Stack;
  pinned: PinnedImages;
  taskQueue: string;
  summary: string;
  /** Hosts that the stack no longer names, but that may still run parts of it. */
  former?: readonly HostQueue[];
  /** Leave out a former host that is unavailable. */
  force?: boolean;
  /** Also detect manual changes to instances. */
  closely?: boolean;
  /** Waits while a platform is unavailable; default: no wait. */
  withPlatformRetry?: WithPlatformRetry;
}

/**
 * Observes all hosts for the planner. With several hosts, first lists instances to place the services, then asks each
 * host about the images and secrets of its own services.
 */
export async function observeHosts({
  stack,
  pinned,
  taskQueue,
  summary,
  former = [],
  force = false,
  closely = false,
  withPlatformRetry = (_, call) => call(),
}: ObserveOptions): Promise<StackObservation> {
  if (!stack.hosts)
    return {
      views: [
        {
          taskQueue,
          observation: await withPlatformRetry(taskQueue, () =>
            activity('observe', taskQueue, summary)(withoutContents(stack), pinned, closely),
          ),
        },
      ],
    };
  const bare = withoutServices(stack);
  const read = async (host: HostQueue, of: Stack): Promise<HostObservation> => ({
    ...host,
    observation: await withPlatformRetry(host.taskQueue, () => observe(host, of, pinned, summary, closely)),
  });
  const lost: string[] = [];
  const readFormer = (host: HostQueue, of: Stack): Promise<HostObservation> =>
    force ? observe(host, of, {}, summary).then((observation) => ({ ...host, observation })) : read(host, of);
  const readLeftovers = (host: HostQueue) =>
    observeNamespaces(bare, (of) => readFormer(host, of)).then(
      (view) => [view],
      (error: unknown) => {
        if (!force) throw error;
        lost.push(host.name!);
      },
    );
  const hosts = hostsOf(stack, taskQueue);
  const [seen, leftovers] = await Promise.all([all(hosts, (host) => read(host, bare)), all(former, readLeftovers)]);
  const placed = place(
    stack,
    seen.map((view, index) => within(view, stack.hosts![index]!)),
  );
  const views = await all(hosts, (host) => read(host, portionOf(stack, host.name!, placed.placement)));
  return { views: [...views, ...leftovers.flatMap((found) => found ?? [])], placed, lost };
}

/** Lists the instances of a stack, by host. */
export function listInstances(stack: Stack, taskQueue: string, summary: string): Promise<Answers<HostObservation>> {
  return askEach(hostsOf(stack, taskQueue), async (host) => [
    { ...host, observation: await observe(host, withoutServices(stack), {}, summary) },
  ]);
}

/**
 * Observes the remains of a stack on a host that its file no longer names; on a cluster, in all namespaces that contain
 * parts of it.
 */
async function observeNamespaces(
  stack: Stack,
  read: (of: Stack) => Promise<HostObservation>,
): Promise<HostObservation> {
  const {
    observation: { elsewhere = [], ...own },
    ...view
  } = await read(stack);
  const others = await all(elsewhere, (namespace) => read(inNamespace(stack, namespace)));
  return {
    ...view,
    observation: {
      ...own,
      instances: [own, ...others.map(({ observation }) => observation)].flatMap(({ instances }) => instances),
    },
  };
}

function inNamespace({ infrastructure, ...stack }: Stack, namespace: string): Stack {
  return {
    ...stack,
    infrastructure: {
      ...infrastructure,
      cluster: { pullSecrets: [], serviceType: 'ClusterIP', ...infrastructure.cluster, namespace },
    },
  };
}

/** Drops the contents of configs, which each observation would add to the history. */
function withoutContents(stack: Stack): Stack {
  return { ...stack, configs: {} };
}

function withoutServices({ front: _, ...stack }: Stack): Stack {
  return { ...stack, services: {} };
}

/** A host that did not answer, with the reason. */
export interface HostAway {
  host: string;
  reason: string;
}

/** The answers of the hosts of a stack. */
export interface Answers<T> {
  found: T[];
  away: HostAway[];
}

/** Asks every host, and lists unavailable ones. @throws the first failure if all are unavailable */
export async function askEach<H extends HostQueue, T>(
  hosts: readonly H[],
  ask: (host: H) => Promise<T[]>,
): Promise<Answers<T>> {
  const failures: unknown[] = [];
  const answers = await all(hosts, async (host): Promise<Answers<T>> => {
    try {
      return { found: await whereServed(host, () => ask(host)), away: [] };
    } catch (error) {
      if (host.name === undefined || !isAway(error)) throw error;
      failures.push(error);
      return { found: [], away: [{ host: host.name, reason: reasonOf(error) }] };
    }
  });
  if (failures.length === hosts.length) throw failures[0];
  return { found: answers.flatMap(({ found }) => found), away: answers.flatMap(({ away }) => away) };
}

/** Runs work for all hosts in parallel. */
export function all<H, T>(hosts: readonly H[], work: (host: H) => Promise<T>): Promise<T[]> {
  return Promise.all(hosts.map(work));
}

/** Runs work for one host after the other. */
export async function oneByOne<H>(hosts: readonly H[], work: (host: H) => Promise<unknown>): Promise<void> {
  for (const host of hosts) await work(host);
}

async function observe(
  host: HostQueue,
  stack: Stack,
  pinned: PinnedImages,
  summary: string,
  closely = false,
): Promise<Observation> {
  return whereServed(host, () =>
    activity('observe', host.taskQueue, host.name === undefined ? summary : `${summary} on ${host.name}`)(
      withoutContents(stack),
      pinned,
      closely,
    ),
  );
}

/** Turns a schedule-to-start timeout into an error that says no worker serves the host. */
export async function whereServed<T>({ name }: HostQueue, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (name === undefined || !isUnserved(error)) throw error;
    throw ApplicationFailure.nonRetryable(
      `no worker serves the host ${name}: start one with \`deploy-code worker ` +
        `--hosts FILE\`, or with \`--serve ${name}\` on the host itself`,
      failureTypes.platform,
    );
  }
}

/** True for a temporary failure of one host. */
function isAway(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return (
    cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && cause.type === failureTypes.platform)
  );
}

function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof TimeoutFailure
    ? 'its worker did not answer in time'
    : ((cause as Error | undefined)?.message ?? 'it did not answer');
}

function isUnserved(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof TimeoutFailure &&
    error.cause.timeoutType === 'SCHEDULE_TO_START'
  );
}
