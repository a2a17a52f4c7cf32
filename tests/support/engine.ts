import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pino from 'pino';
import { DirectClient } from '../../src/client';
import type { StatementKeys } from '../../src/guard/access/statement';
import type { Policy } from '../../src/policy';
import type { ClusterEndpoint } from '../../src/runtimes/kubernetes/api/connection';
import type { RuntimeDriver } from '../../src/runtimes/runtime';
import type { RuntimeName } from '../../src/model/runtimes';
import { createWorker, type AcmeSettings, type DeployCodeWorker } from '../../src/worker';
import type { ServedHost } from '../../src/worker/served-hosts';
import type { Namespace } from './namespaces';

export const address = (): string => process.env.DEPLOY_CODE_TEST_TEMPORAL!;

/** A client and a worker in this process, in the suite's namespace. */
export interface TestEngine {
  client: DirectClient;
  worker: DeployCodeWorker;
  dataDir: string;
  close(): Promise<void>;
}

export interface TestEngineOptions {
  runtimes?: Partial<Record<RuntimeName, RuntimeDriver>>;
  dataDir?: string;
  port?: number;
  log?: pino.DestinationStream;
  maxParallelDeployments?: number;
  buildId?: string;
  auditDatabase?: string;
  workflowBundle?: string;
  hosts?: ServedHost[];
  hostsOnly?: boolean;
  cluster?: ClusterEndpoint;
  policy?: Policy;
  debugStacks?: boolean;
  sharedImage?: string;
  acme?: AcmeSettings;
  statementKeys?: StatementKeys;
}

export async function startEngine(namespace: Namespace, options: TestEngineOptions = {}): Promise<TestEngine> {
  const {
    runtimes,
    port,
    log,
    maxParallelDeployments,
    buildId,
    auditDatabase,
    hosts,
    hostsOnly,
    cluster,
    policy,
    debugStacks,
    sharedImage,
    acme,
    statementKeys,
    workflowBundle = resolve('dist/workflow-bundle.js'),
  } = options;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'deploy-code-test-'));
  const logger = log ? pino(log) : pino({ level: 'silent' });
  const worker = await createWorker({
    connection: { address: address() },
    namespace,
    dataDir,
    runtimes,
    port,
    logger,
    maxParallelDeployments,
    buildId,
    auditDatabase,
    hosts,
    hostsOnly,
    cluster,
    policy,
    debugStacks,
    sharedImage,
    acme,
    statementKeys,
    workflowBundle,
    supervisor: resolve('dist/runtimes/process/supervisor.js'),
    shutdownGraceMs: 2000,
  });
  const running = worker.run();
  const client = await DirectClient.connect({ address: address(), namespace });
  return {
    client,
    worker,
    dataDir,
    close: async () => {
      await client.close();
      worker.shutdown();
      await running;
    },
  };
}
