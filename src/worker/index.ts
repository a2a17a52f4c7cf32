import { EventEmitter } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Client, ConnectionOptions } from '@temporalio/client';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import pino, { type Logger } from 'pino';
import { createActivities } from '../activities';
import type { AcmeSettings } from '../activities/certificates/directories';
import { ProtectedEnvironments } from '../activities/access/protected-environments';
import { StatementGuard, type StatementSettings } from '../activities/access/statement-guard';
import { Anchor } from '../activities/audit/anchor';
import { Seal } from '../activities/audit/seal';
import { AuditDatabase } from '../activities/audit/trail-table';
import type { AuditSettings } from '../activities/audit/settings';
import type { ActivityEvents, TemporalGateway } from '../activities/dependencies';
import { SecretStore } from '../activities/secrets';
import { InstallationLogins } from '../activities/secrets/registry-logins';
import { installationKeys } from '../activities/secrets/installation-key';
import { signing } from '../client';
import type { StatementKeys, StatementSigner } from '../guard/access/statement';
import { engineKeys, engineSigner } from '../guard/access/statement-keys';
import { isPlain } from '../temporal/connection';
import { Builds } from '../temporal/builds';
import type { RuntimeName } from '../model/runtimes';
import { dataConverter } from '../payloads/data-converter';
import { keysOf } from '../payloads/keys';
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
import { portOf, serveHttp } from '../telemetry/http';
import type { EngineEvents } from '../telemetry/engine-events';
import { logEvents } from '../telemetry/log-events';
import { maskedLogger } from './masked-logger';
import { createMetrics } from '../telemetry/metrics';
import { reachServer } from './reach-server';
import { kindOf, queuesOf, runAll, type ServedHost, type ServedQueue } from './served-hosts';
import { installTelemetry } from '../telemetry/sdk-telemetry';
import { ReadinessWatch } from './watch-readiness';
import { WorkflowWorker } from './workflow-worker';

export interface WorkerConfiguration {
  connection: ConnectionOptions;
  namespace: string;
  /** Folder for the key of the secrets, process instances and their logs. */
  dataDir?: string;
  /** Port of /metrics, /healthz and /readyz; 0 for any free one. Absent: not served. */
  port?: number;
  host?: string;
  logger?: Logger;
  /** Runtimes to use instead of the worker's own. */
  runtimes?: Partial<Record<RuntimeName, RuntimeDriver>>;
  /** File of the built process supervisor. */
  supervisor?: string;
  /** File of the bundled workflows, if it is not in its usual place. */
  workflowBundle?: string;
  shutdownGraceMs?: number;
  /** Build ID, to run beside other builds of the engine; absent: without worker versioning. */
  buildId?: string;
  /** URL of the PostgreSQL database for the audit trails; absent: they are files. */
  auditDatabase?: string;
  /** The cluster for stacks on Kubernetes; absent: the one that `kubectl` would use. */
  cluster?: ClusterEndpoint;
  /** Hosts of stacks that the worker also serves. */
  hosts?: ServedHost[];
  /** Serves only the hosts; other workers run the workflows. */
  hostsOnly?: boolean;
  /** Maximum number of deployments at once across all workers; absent: no limit. */
  maxParallelDeployments?: number;
  /** Answers Temporal's `__stack_trace` query, which doubles the processor time of workflows. */
  debugStacks?: boolean;
  /** Policy for stack files; absent: the default of docs/policy.md. */
  policy?: Policy;
  /** File that also records the end of each audit trail. */
  auditAnchor?: string;
  /** Performs requests even if the audit trail cannot record them. */
  auditBestEffort?: boolean;
  /** How certificates are got by ACME; absent: from Let's Encrypt. */
  acme?: AcmeSettings;
  /** Image of the shared load balancer; absent: `nginx:1.28`. */
  sharedImage?: string;
  /** Public keys of servers, whose statements protected environments demand. */
  statementKeys?: StatementKeys;
}

/** A worker that is ready to run; `run` resolves when it has drained. */
export interface DeployCodeWorker {
  run(): Promise<void>;
  shutdown(): void;
  /** Port of /metrics, /healthz and /readyz. */
  port?: number;
  /** Replaces all secrets that the worker has read in a text. */
  mask(text: string): string;
}

export const defaultDataDir = (): string =>
  process.env.DEPLOY_CODE_DATA_DIR ??
  (process.getuid?.() === 0 ? '/var/lib/deploy-code' : join(homedir(), '.local', 'share', 'deploy-code'));

/** Each heartbeat is a write on the server, and the activities of the watch run for weeks. */
const seldomHeartbeats = { maxHeartbeatThrottleInterval: '30s', defaultHeartbeatThrottleInterval: '30s' } as const;
/**
 * Time limit of a workflow activation. To plan thousands of services on a slow machine takes longer than the SDK's
 * default of 5 s, and an exceeded limit ends the whole process. The SDK has this option, but not in its types.
 */
const longestActivation = '1m';
/** Maximum number of activities of one task queue at once. */
const mostActivities = 100;
/** Maximum number of environments that one worker watches. */
const mostWatched = 1000;
/** Maximum number of deliveries to subscribers at once. */
const mostDeliveries = 64;

/** Creates a worker: wires connections, runtimes, activities, workflows, metrics and logs. */
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
  const keys = installationKeys(dataDir);
  const signer = engineSigner(keys[0]);
  const { client, native } = await reachServer(configuration, logger, [signing(signer)]);

  const converter = dataConverter(undefined, { marksRefused: true });
  const gateway = createTemporalGateway(client, signer);
  const statements = new StatementGuard({
    settings: statementSettings(configuration, { dataDir, keys, client, signer }),
    policy: rules.policy,
    beginning: (execution) => gateway.beginning(execution),
    release: ({ stack, environment }, number) => gateway.release(stack, environment, number),
    isMarked: (place) => gateway.demandsStatements(place),
  });
  const logins = new InstallationLogins(gateway, secrets);

  const auditDatabase =
    configuration.auditDatabase === undefined ? undefined : new AuditDatabase(configuration.auditDatabase);
  const audit = auditSettings(configuration, dataDir);
  const activitiesOn = (host: Partial<ServedHost>) => {
    const { docker, cluster = configuration.cluster, runtimes: given } = host;
    const runtimes = createRuntimes({
      dataDir,
      secrets,
      logins,
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
      statements,
      secrets,
      directory: withSealedReleases(gateway, statements),
      dataDir,
      auditDatabase,
      audit,
      fleet: {
        maxParallel: configuration.maxParallelDeployments,
        ...(keysOf(process.env) && { encrypted: true }),
      },
      events: activityEvents,
      sharedImage: configuration.sharedImage,
      acme: configuration.acme,
    });
  };
  const versioned = buildId === undefined ? {} : { workerDeploymentOptions: asBuild(buildId) };
  const common = { connection: native, namespace, ...versioned, dataConverter: converter };
  const ForWorkflows = configuration.debugStacks ? Worker : WorkflowWorker;
  const stepWorker = (served: ServedQueue, workflows?: Partial<WorkerOptions>) =>
    (workflows ? ForWorkflows : Worker).create({
      ...common,
      ...served,
      ...workflows,
      maxConcurrentActivityTaskExecutions: mostActivities,
      maxHeartbeatThrottleInterval: '1s',
      defaultHeartbeatThrottleInterval: '1s',
      shutdownGraceTime: configuration.shutdownGraceMs ?? 10_000,
      shutdownForceTime: (configuration.shutdownGraceMs ?? 10_000) + 10_000,
    });
  const watchWorker = ({ taskQueue: queue, activities }: ServedQueue) =>
    Worker.create({
      ...common,
      taskQueue: watchQueueOf(queue),
      activities,
      maxConcurrentActivityTaskExecutions: mostWatched,
      shutdownGraceTime: 0,
      ...seldomHeartbeats,
    });
  const deliveryWorker = ({ activities }: ServedQueue) =>
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
    ...({ isolateExecutionTimeout: longestActivation } as object),
    maxConcurrentWorkflowTaskExecutions: 40,
    stickyQueueScheduleToStartTimeout: '5s',
    workflowThreadPoolSize: 2,
  };
  const own = configuration.hostsOnly
    ? []
    : [{ taskQueue, activities: activitiesOn({ runtimes: configuration.runtimes }) }];
  const hosts = queuesOf(configuration.hosts ?? [], activitiesOn);
  const workers = await Promise.all([
    ...own.map((served) => stepWorker(served, workflows)),
    ...hosts.map((served) => stepWorker(served)),
    ...[...own, ...hosts].map(watchWorker),
    ...own.map(deliveryWorker),
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
        await runAll(workers, shutdown);
      } finally {
        readiness.close();
        server?.close();
        server?.closeAllConnections();
        await Promise.all([native.close(), client.connection.close(), auditDatabase?.close()]);
      }
    },
  };
}

/** The policy, and the worker's own credentials, which no policy allows as secrets of a stack. */
function rulesOf({ policy = defaultPolicy, hosts = [], cluster }: WorkerConfiguration, dataDir: string): RuleContext {
  const others = [
    cluster?.kubeconfig,
    ...hosts.flatMap(({ docker, cluster: of }) => [docker?.tls?.key, of?.kubeconfig]),
  ];
  const sources = new SourceRules(policy, ownFiles({ dataDir, others }));
  const ownSockets = unixSockets([process.env.DOCKER_HOST, ...hosts.map(({ docker }) => docker?.url)]);
  return { policy, sources, dataDir, ownSockets, ownVolumes: readOwnVolumes(dataDir) };
}

/** Activities read only releases of a protected environment that a worker has kept. */
function withSealedReleases(gateway: TemporalGateway, statements: StatementGuard): TemporalGateway {
  return {
    ...gateway,
    async release(stack, environment, number) {
      const kept = await gateway.release(stack, environment, number);
      if (kept) statements.requireSeal({ stack, environment }, number, kept);
      return kept;
    },
  };
}

function statementSettings(
  { statementKeys }: WorkerConfiguration,
  {
    dataDir,
    keys,
    client,
    signer,
  }: { dataDir: string; keys: readonly Buffer[]; client: Client; signer: StatementSigner },
): StatementSettings {
  return {
    ...(statementKeys && { keys: statementKeys }),
    own: engineKeys(keys),
    signer,
    memory: new ProtectedEnvironments(dataDir),
    isPlain: isPlain(client),
  };
}

export { acmeProblem, type AcmeSettings } from '../activities/certificates/directories';
export { InstallationKeyProblem } from '../activities/secrets/installation-key';

function auditSettings({ auditAnchor, auditBestEffort = false }: WorkerConfiguration, dataDir: string): AuditSettings {
  const seal = new Seal(...installationKeys(dataDir));
  return {
    seal,
    isBestEffort: auditBestEffort,
    ...(auditAnchor !== undefined && { anchor: new Anchor(auditAnchor, seal) }),
  };
}
