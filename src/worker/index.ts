import { EventEmitter } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from '@temporalio/client';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import pino, { type Logger } from 'pino';
import { createActivities } from '../activities';
import { Anchor } from '../activities/audit/anchor';
import { Seal } from '../activities/audit/seal';
import { AuditDatabase } from '../activities/audit/trail-table';
import type { AuditSettings } from '../activities/audit/settings';
import type { ActivityEvents } from '../activities/dependencies';
import { SecretStore } from '../activities/secrets';
import { installationKey } from '../activities/secrets/installation-key';
import { Builds } from '../temporal/builds';
import type { RuntimeName } from '../model/runtimes';
import { dataConverter } from '../payloads/data-converter';
import {
  defaultPolicy,
  ownFiles,
  policedRuntime,
  type Policy,
  readOwnVolumes,
  type RuleContext,
  SourceRules,
  unixSockets,
} from '../policy';
import { createRuntimes, type Runtimes } from '../runtimes';
import type { ClusterEndpoint } from '../runtimes/kubernetes/api/connection';
import type { RuntimeDriver } from '../runtimes/runtime';
import { deliveryQueue, taskQueue, watchQueueOf } from '../workflows/messages';
import { asBuild, offerBuild } from './build';
import { workflowSource } from './bundle';
import { createTemporalGateway } from './temporal-gateway';
import { portOf, serveHttp } from './http';
import type { EngineEvents } from '../telemetry/engine-events';
import { logEvents } from '../telemetry/log-events';
import { maskedLogger } from './masked-logger';
import { createMetrics } from '../telemetry/metrics';
import { reachServer } from './reach-server';
import { allToTheEnd, kindOf, postsOf, type Post, type ServedHost } from './served-hosts';
import { installTelemetry } from '../telemetry/sdk-telemetry';
import { ReadinessWatch } from './watch-readiness';
import { WorkflowWorker } from './workflow-worker';

export interface WorkerConfiguration {
  connection: ConnectionOptions;
  namespace: string;
  /** Secrets' key, process instances, logs. */
  dataDir?: string;
  /** Port of /metrics, /healthz and /readyz; 0 for any free one. Absent: not served. */
  port?: number;
  host?: string;
  logger?: Logger;
  /** Runtimes to use instead of the worker's own. */
  runtimes?: Partial<Record<RuntimeName, RuntimeDriver>>;
  /** The built supervisor of processes. */
  supervisor?: string;
  /** The bundled workflows, where the build's own place does not hold them. */
  workflowBundle?: string;
  shutdownGraceMs?: number;
  /** Runs beside other builds of the engine, under this id; absent: without versions. */
  buildId?: string;
  /** URL of the PostgreSQL database that keeps the audit trails; absent: files do. */
  auditDatabase?: string;
  /** The cluster of stacks on Kubernetes; absent: the one that `kubectl` would take. */
  cluster?: ClusterEndpoint;
  /** Hosts of stacks that it serves too. */
  hosts?: ServedHost[];
  /** It serves nothing but its hosts: others run the workflows. */
  hostsOnly?: boolean;
  /** Deployments that all workers together take at once; absent: as many as there are. */
  maxParallelDeployments?: number;
  /** Answers Temporal's `__stack_trace` query, at the price of twice the processor time. */
  debugStacks?: boolean;
  /** What stack files may do; absent: the default of docs/policy.md. */
  policy?: Policy;
  /** File in which the end of each audit trail is noted too. */
  auditAnchor?: string;
  /** What cannot be recorded is done all the same. */
  auditBestEffort?: boolean;
}

/** A worker that is ready to work; `run` resolves when it has drained. */
export interface DeployCodeWorker {
  run(): Promise<void>;
  shutdown(): void;
  /** Where /metrics is served. */
  port?: number;
  /** Text without any secret that the worker has read. */
  mask(text: string): string;
}

export const defaultDataDir = (): string =>
  process.env.DEPLOY_CODE_DATA_DIR ??
  (process.getuid?.() === 0 ? '/var/lib/deploy-code' : join(homedir(), '.local', 'share', 'deploy-code'));

/** A heartbeat costs the server a write: one that looks for weeks sends few. */
const seldomHeartbeats = { maxHeartbeatThrottleInterval: '30s', defaultHeartbeatThrottleInterval: '30s' } as const;
/**
 * To plan thousands of services on a slow machine takes seconds in one go, and what is stopped in the middle takes the
 * whole process along: not after the SDK's 5 s. It has the setting, and does not name it in its types.
 */
const longestThought = '1m';
/** Activities of one task queue that a worker performs at once. */
const mostActivities = 100;
/** Environments that one worker looks after between deployments. */
const mostWatched = 1000;
/** Deliveries to subscribers that one worker makes at once. */
const mostDeliveries = 64;

/** Wires everything together: connections, runtimes, activities, workflows, metrics, logs. */
export async function createWorker(configuration: WorkerConfiguration): Promise<DeployCodeWorker> {
  const { namespace, dataDir = defaultDataDir(), buildId } = configuration;
  const rules = rulesOf(configuration, dataDir);
  const secrets = new SecretStore(dataDir, rules.sources);
  const mask = (text: string) => secrets.mask(text);
  const logger = maskedLogger(configuration.logger ?? pino(), mask);
  const sdkMetrics = await installTelemetry(logger);
  const engineEvents = new EventEmitter<EngineEvents>();
  const activityEvents = new EventEmitter<ActivityEvents>();
  const metrics = createMetrics(engineEvents, activityEvents);
  logEvents(engineEvents, logger);
  const readiness = new ReadinessWatch(mostActivities);
  const onFailure = (error: Error) =>
    logger.error({ error: error.stack ?? error.message }, 'a request to the HTTP port failed');
  const server =
    configuration.port === undefined
      ? undefined
      : await serveHttp({
          port: configuration.port,
          host: configuration.host,
          metrics,
          sdkMetrics,
          problems: () => readiness.problems(),
          onFailure,
        });
  const { client, native } = await reachServer(configuration, logger);

  const converter = dataConverter(undefined, { marksRefused: true });
  const directory = createTemporalGateway(client);

  const auditDatabase =
    configuration.auditDatabase === undefined ? undefined : new AuditDatabase(configuration.auditDatabase);
  const audit = auditSettings(configuration, dataDir);
  const activitiesOn = (host: Partial<ServedHost>) => {
    const { docker, cluster = configuration.cluster, runtimes: given } = host;
    const runtimes = createRuntimes({
      dataDir,
      secrets,
      supervisor: configuration.supervisor,
      given,
      docker,
      cluster,
      only: kindOf(host),
    });
    const policed: Runtimes = (place) => policedRuntime(runtimes(place), rules, place);
    return createActivities({
      runtimes: policed,
      rules,
      secrets,
      directory,
      dataDir,
      auditDatabase,
      audit,
      fleet: { maxParallel: configuration.maxParallelDeployments },
      events: activityEvents,
    });
  };
  const versioned = buildId === undefined ? {} : { workerDeploymentOptions: asBuild(buildId) };
  const common = { connection: native, namespace, ...versioned, dataConverter: converter };
  const ForWorkflows = configuration.debugStacks ? Worker : WorkflowWorker;
  const working = (post: Post, workflows?: Partial<WorkerOptions>) =>
    (workflows ? ForWorkflows : Worker).create({
      ...common,
      ...post,
      ...workflows,
      maxConcurrentActivityTaskExecutions: mostActivities,
      maxHeartbeatThrottleInterval: '1s',
      defaultHeartbeatThrottleInterval: '1s',
      shutdownGraceTime: configuration.shutdownGraceMs ?? 10_000,
      shutdownForceTime: (configuration.shutdownGraceMs ?? 10_000) + 10_000,
    });
  const watching = ({ taskQueue: queue, activities }: Post) =>
    Worker.create({
      ...common,
      taskQueue: watchQueueOf(queue),
      activities,
      maxConcurrentActivityTaskExecutions: mostWatched,
      shutdownGraceTime: 0,
      ...seldomHeartbeats,
    });
  const delivering = ({ activities }: Post) =>
    Worker.create({
      ...common,
      taskQueue: deliveryQueue,
      activities,
      maxConcurrentActivityTaskExecutions: mostDeliveries,
      shutdownGraceTime: configuration.shutdownGraceMs ?? 10_000,
    });
  const workflows: Partial<WorkerOptions> = {
    ...workflowSource(configuration.workflowBundle),
    sinks: {
      events: {
        emit: {
          fn: (_, event: EngineEvents['event'][0]) => void engineEvents.emit('event', event),
          callDuringReplay: false,
        },
      },
    },
    maxCachedWorkflows: 200,
    ...({ isolateExecutionTimeout: longestThought } as object),
    maxConcurrentWorkflowTaskExecutions: 40,
    stickyQueueScheduleToStartTimeout: '5s',
    workflowThreadPoolSize: 2,
  };
  const own = configuration.hostsOnly
    ? []
    : [{ taskQueue, activities: activitiesOn({ runtimes: configuration.runtimes }) }];
  const hosts = postsOf(configuration.hosts ?? [], activitiesOn);
  const workers = await Promise.all([
    ...own.map((post) => working(post, workflows)),
    ...hosts.map((post) => working(post)),
    ...[...own, ...hosts].map(watching),
    ...own.map(delivering),
  ]);
  readiness.observe(workers.slice(0, own.length + hosts.length), client);
  const shutdown = () => workers.filter((each) => each.getState() === 'RUNNING').forEach((each) => each.shutdown());
  return {
    port: server && portOf(server),
    mask,
    shutdown,
    run: async () => {
      if (buildId !== undefined) void offerBuild(new Builds(client), buildId, logger);
      try {
        await allToTheEnd(workers, shutdown);
      } finally {
        readiness.close();
        server?.close();
        server?.closeAllConnections();
        await Promise.all([native.close(), client.connection.close(), auditDatabase?.close()]);
      }
    },
  };
}

/** The policy, with the files that are never a secret under any: what the worker itself gets in by. */
function rulesOf({ policy = defaultPolicy, hosts = [], cluster }: WorkerConfiguration, dataDir: string): RuleContext {
  const others = [
    cluster?.kubeconfig,
    ...hosts.flatMap(({ docker, cluster: of }) => [docker?.tls?.key, of?.kubeconfig]),
  ];
  const sources = new SourceRules(policy, ownFiles({ dataDir, others }));
  const ownSockets = unixSockets([process.env.DOCKER_HOST, ...hosts.map(({ docker }) => docker?.url)]);
  return { policy, sources, dataDir, ownSockets, ownVolumes: readOwnVolumes(dataDir) };
}

export { InstallationKeyProblem } from '../activities/secrets/installation-key';

function auditSettings({ auditAnchor, auditBestEffort = false }: WorkerConfiguration, dataDir: string): AuditSettings {
  const seal = new Seal(installationKey(dataDir));
  return {
    seal,
    isBestEffort: auditBestEffort,
    ...(auditAnchor !== undefined && { anchor: new Anchor(auditAnchor, seal) }),
  };
}
