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

/** Where a stack runs, and the task queue of the worker that serves it. */
export interface HostQueue {
  /** Absent where the stack names no hosts. */
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

/** A look at the host of a task queue that is no step; waits for a platform that is away. */
export type WithPlatformRetry = <T>(taskQueue: string, look: () => Promise<T>) => Promise<T>;

export interface LookAround {
  stack: Stack;
  pinned: PinnedImages;
  taskQueue: string;
  summary: string;
  /** Hosts that the stack no longer names, and may still have something of it. */
  former?: readonly HostQueue[];
  /** A former host that is away is left out. */
  force?: boolean;
  /** Also what has been changed of instances by hand. */
  closely?: boolean;
  /** Waits for a platform that is away. */
  withPlatformRetry?: WithPlatformRetry;
}

/**
 * Everything that the planner has to know. Of several hosts at first only what runs there: by that services are placed,
 * and each host is asked about the images and secrets of its own.
 */
export async function lookAround({
  stack,
  pinned,
  taskQueue,
  summary,
  former = [],
  force = false,
  closely = false,
  withPlatformRetry = (_, look) => look(),
}: LookAround): Promise<StackObservation> {
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
  const look = async (host: HostQueue, of: Stack): Promise<HostObservation> => ({
    ...host,
    observation: await withPlatformRetry(host.taskQueue, () => observe(host, of, pinned, summary, closely)),
  });
  const lost: string[] = [];
  const lookFor = (host: HostQueue, of: Stack): Promise<HostObservation> =>
    force ? observe(host, of, {}, summary).then((observation) => ({ ...host, observation })) : look(host, of);
  const lookBack = (host: HostQueue) =>
    lookEverywhere(bare, (of) => lookFor(host, of)).then(
      (view) => [view],
      (error: unknown) => {
        if (!force) throw error;
        lost.push(host.name!);
      },
    );
  const hosts = hostsOf(stack, taskQueue);
  const [seen, gone] = await Promise.all([all(hosts, (host) => look(host, bare)), all(former, lookBack)]);
  const placed = place(
    stack,
    seen.map((view, index) => within(view, stack.hosts![index]!)),
  );
  const views = await all(hosts, (host) => look(host, portionOf(stack, host.name!, placed.placement)));
  return { views: [...views, ...gone.flatMap((found) => found ?? [])], placed, lost };
}

/** What runs of a stack, host by host. */
export function listInstances(stack: Stack, taskQueue: string, summary: string): Promise<Answers<HostObservation>> {
  return askEach(hostsOf(stack, taskQueue), async (host) => [
    { ...host, observation: await observe(host, withoutServices(stack), {}, summary) },
  ]);
}

/**
 * What is left of a stack on a host that its file names no more: on a cluster it may be in namespaces of which the file
 * says no more either.
 */
async function lookEverywhere(stack: Stack, look: (of: Stack) => Promise<HostObservation>): Promise<HostObservation> {
  const {
    observation: { elsewhere = [], ...own },
    ...view
  } = await look(stack);
  const others = await all(elsewhere, (namespace) => look(inNamespace(stack, namespace)));
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

/** What runs is looked at without the contents of configs: they would be in the history at every look. */
function withoutContents(stack: Stack): Stack {
  return { ...stack, configs: {} };
}

function withoutServices({ front: _, ...stack }: Stack): Stack {
  return { ...stack, services: {} };
}

/** A host that did not answer, and why. */
export interface HostAway {
  host: string;
  reason: string;
}

/** What the hosts of a stack have answered. */
export interface Answers<T> {
  found: T[];
  away: HostAway[];
}

/** Asks every host, and lists those that are away. @throws the first failure if all are away */
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

/** On every host, side by side. */
export function all<H, T>(hosts: readonly H[], work: (host: H) => Promise<T>): Promise<T[]> {
  return Promise.all(hosts.map(work));
}

/** On one host after the other. */
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

/** Says so where nobody serves a host. */
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

/** True for trouble with one host, which may pass. */
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
