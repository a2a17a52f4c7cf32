import { type ActivityInterfaceFor, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/contract';
import { plainMarkdownWithin } from '../../model/text/markdown';
import { isHostQueue } from '../messages';
import { serialised } from './serialised-events';

/**
 * All timeouts and retry policies in one table. Typed failures are final and reach the workflow; Temporal itself
 * retries only after a worker died, which it detects by missing heartbeats.
 */
const heartbeat = '5s';
/** Characters; the server takes 400 bytes. */
const longestSummary = 130;
const retry: ActivityOptions['retry'] = { initialInterval: '100ms', maximumInterval: '5s' };

const cancellationType = 'WAIT_CANCELLATION_COMPLETED';
const quick: ActivityOptions = { cancellationType, startToCloseTimeout: '2m', heartbeatTimeout: heartbeat, retry };
const long: ActivityOptions = { cancellationType, startToCloseTimeout: '2h', heartbeatTimeout: heartbeat, retry };
const endless: ActivityOptions = { cancellationType, startToCloseTimeout: '30d', heartbeatTimeout: heartbeat, retry };

/** Retried for a day: a subscriber may be down overnight. */
const delivery: ActivityOptions = {
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '24h',
  retry: { initialInterval: '1s', maximumInterval: '10m' },
};
/** Limited, so that a full disk does not block a deployment forever. */
const recording: ActivityOptions = {
  cancellationType,
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '2m',
  heartbeatTimeout: heartbeat,
  retry,
};
/** Soon enough for senders, which wait ten seconds for an answer. */
const hook: ActivityOptions = {
  cancellationType,
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '8s',
  heartbeatTimeout: heartbeat,
  retry,
};
/** Runs for weeks if nothing changes; another worker takes over if one stops. Nothing waits for its end. */
const watching: ActivityOptions = {
  cancellationType: 'TRY_CANCEL',
  startToCloseTimeout: '30d',
  heartbeatTimeout: '1m',
  retry,
};
/** Runs as long as a rollout. A short heartbeat detects a dead worker soon. Nothing waits for its end. */
const guarding: ActivityOptions = {
  cancellationType: 'TRY_CANCEL',
  startToCloseTimeout: '30d',
  heartbeatTimeout: '10s',
  retry,
};

const table: Record<keyof Activities, ActivityOptions> = {
  joinEnvironment: quick,
  sealRelease: quick,
  admitRequest: quick,
  claimSlot: quick,
  claimHost: quick,
  reportHost: quick,
  readHostBreakers: quick,
  claimRoutes: long,
  settleRoutes: long,
  applySharedBalancer: long,
  watchSharedBalancer: watching,
  wishCertificate: quick,
  makeCertificateKeys: quick,
  orderCertificate: long,
  serveCertificate: long,
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
  sealingKey: quick,
  readHook: hook,
  resealSecrets: quick,
  resealLogins: quick,
  passResealed: quick,

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
  converse: { ...long, retry: { maximumAttempts: 1 } },
};

/** First calls to a host fail fast if no worker serves it. */
const contacts = new Set<keyof Activities>(['observe', 'recallEnvironment', 'describeInstances']);
const firstContact: ActivityOptions = { scheduleToStartTimeout: '20s' };

/** An activity by name, on a task queue, with a summary for the Temporal UI. */
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
