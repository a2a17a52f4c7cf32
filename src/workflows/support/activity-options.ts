import { type ActivityInterfaceFor, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/contract';
import { plainMarkdownWithin } from '../../model/text/markdown';
import { isHostQueue } from '../messages';
import { serialised } from './serialised-events';

/**
 * Every time limit and retry policy, in one table. Typed failures are final and come back to the workflow; what
 * Temporal retries by itself is a worker that died, seen by its missing heartbeats.
 */
const heartbeat = '5s';
/** Characters; the server takes 400 bytes. */
const longestSummary = 130;
const retry: ActivityOptions['retry'] = { initialInterval: '100ms', maximumInterval: '5s' };

const cancellationType = 'WAIT_CANCELLATION_COMPLETED';
const quick: ActivityOptions = { cancellationType, startToCloseTimeout: '2m', heartbeatTimeout: heartbeat, retry };
const long: ActivityOptions = { cancellationType, startToCloseTimeout: '2h', heartbeatTimeout: heartbeat, retry };
const endless: ActivityOptions = { cancellationType, startToCloseTimeout: '30d', heartbeatTimeout: heartbeat, retry };

/** For a day: whoever wants to be told may be away over night. */
const delivery: ActivityOptions = {
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '24h',
  retry: { initialInterval: '1s', maximumInterval: '10m' },
};
/** A disk that is full must not hold a deployment up for ever. */
const recording: ActivityOptions = {
  cancellationType,
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '2m',
  heartbeatTimeout: heartbeat,
  retry,
};
/** Looks until something is found, be it weeks; another worker goes on where one ends. Nothing waits for its end. */
const watching: ActivityOptions = {
  cancellationType: 'TRY_CANCEL',
  startToCloseTimeout: '30d',
  heartbeatTimeout: '1m',
  retry,
};
/** As long as a rollout takes. Noticed soon when its worker dies; nothing waits for its end. */
const guarding: ActivityOptions = {
  cancellationType: 'TRY_CANCEL',
  startToCloseTimeout: '30d',
  heartbeatTimeout: '10s',
  retry,
};

const table: Record<keyof Activities, ActivityOptions> = {
  joinEnvironment: quick,
  claimSlot: quick,
  claimHost: quick,
  reportHost: quick,
  readHostBreakers: quick,
  recallEnvironment: quick,
  isRunning: quick,
  endIfStuck: long,
  readRelease: quick,
  requestDeployment: quick,
  awaitDeployment: endless,
  cancelDeployment: quick,
  findOpenWindow: quick,
  syncSchedules: quick,
  deliver: delivery,
  recordAudit: recording,
  readAudit: quick,

  watchRelease: watching,
  restartInstance: long,

  observe: quick,
  pullImage: long,
  createNetwork: quick,
  removeNetwork: quick,
  createVolume: quick,
  removeVolume: quick,
  startInstance: long,
  awaitHealthy: long,
  restoreInstance: long,
  selectInstance: quick,
  createJob: quick,
  runJob: endless,
  execInInstance: quick,
  retireInstance: long,
  retireInstances: long,
  reviveInstance: long,
  reviveInstances: long,
  removeInstance: long,
  removeInstances: long,
  attachInstance: quick,
  routeTraffic: quick,
  configureBalancer: quick,
  drainInstance: long,
  runTest: long,
  analyse: quick,
  passGate: long,
  watchInstances: guarding,
  confirm: long,
  holdImages: quick,
  pruneReleases: quick,
  describeInstances: quick,
  readLogs: quick,
  runCommand: { ...long, retry: { maximumAttempts: 1 } },
};

/** Nobody may serve a host: its worker answers within this time, or is not there. */
const contacts = new Set<keyof Activities>(['observe', 'recallEnvironment', 'describeInstances']);
const firstContact: ActivityOptions = { scheduleToStartTimeout: '20s' };

/** An activity by name, on a task queue, with the sentence that the Temporal UI shows for it. */
export function activity<K extends keyof Activities>(
  name: K,
  taskQueue: string,
  summary: string,
): ActivityInterfaceFor<Activities>[K] {
  const call = proxyActivities<Activities>({
    ...table[name],
    ...(contacts.has(name) && isHostQueue(taskQueue) && firstContact),
    taskQueue,
    summary: plainMarkdownWithin(longestSummary, summary),
  } as ActivityOptions)[name] as (...input: unknown[]) => Promise<unknown>;
  return ((...input: unknown[]) => serialised(call(...input))) as ActivityInterfaceFor<Activities>[K];
}
