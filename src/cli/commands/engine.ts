import type { Command } from 'commander';
import type { DevOptions } from '../dev';
import { addBuilds } from './builds';
import { list, positive, withTemporal, type ConnectionOptions } from '../options';

interface WorkerOptions extends ConnectionOptions {
  port: number;
  host?: string;
  dataDir?: string;
  maxParallelDeployments?: number;
  buildId?: string | true;
  hosts?: string;
  serve?: string[];
  kubeconfig?: string;
  context?: string;
  debugStacks?: boolean;
  policy?: string;
  acceptPlain?: boolean;
  auditAnchor?: string;
  auditBestEffort?: boolean;
  statementKeys?: string;
}

/** Adds the commands that run the processes of the engine. */
export function addEngine(program: Command): void {
  program
    .command('dev')
    .description(
      'run a development engine in this folder: an embedded Temporal (file database, UI), a worker and the API',
    )
    .option('-d, --detach', 'run in the background')
    .option('--stop', 'stop the engine of this folder and delete its state')
    .option('--port <port>', 'Temporal frontend', positive, 7233)
    .option('--ui-port <port>', 'Temporal UI', positive, 8233)
    .option('--api-port <port>', 'API, without log-in (default: 8234, or a free port if that is taken)', positive)
    .action(async (options: DevOptions) => {
      const { dev } = await import('../dev/index.js');
      await dev(options);
    });

  const worker = program.command('worker').enablePositionalOptions();
  addBuilds(worker);
  withTemporal(worker.description('run a worker, which performs deployments and serves /metrics, /healthz and /readyz'))
    .option('--port <port>', 'port for /metrics, /healthz and /readyz', positive, 9464)
    .option('--host <address>', 'listen address for that port (default 127.0.0.1)')
    .option(
      '--data-dir <folder>',
      'folder for the key, process instances and their logs (default: DEPLOY_CODE_DATA_DIR, or ' +
        '/var/lib/deploy-code)',
    )
    .option(
      '--hosts <file>',
      'also serve the hosts in a file, under infrastructure.hosts, each on its own task queue (default: ' +
        'DEPLOY_CODE_HOSTS)',
    )
    .option('--serve <names>', 'serve only these hosts of the file, and leave workflows to other workers', list)
    .option(
      '--kubeconfig <file>',
      'kubeconfig for stacks on Kubernetes (default: KUBECONFIG, ~/.kube/config, or the service account ' +
        "of the worker's pod)",
    )
    .option('--context <name>', 'context in the kubeconfig (default: its current context)')
    .option('--policy <file>', 'policy for stack files, see docs/policy.md (default: DEPLOY_CODE_POLICY)')
    .option(
      '--statement-keys <file>',
      'public keys of servers, for environments that take requests of servers only (default: ' +
        'DEPLOY_CODE_STATEMENT_KEYS)',
    )
    .option(
      '--audit-anchor <file>',
      'also record the signed end of each audit trail in this file (default: DEPLOY_CODE_AUDIT_ANCHOR)',
    )
    .option('--audit-best-effort', 'perform requests even if the audit trail cannot record them')
    .option(
      '--accept-plain',
      'with an encryption key: also accept messages from before the key was set (default: ' +
        'DEPLOY_CODE_ACCEPT_PLAIN)',
    )
    .option(
      '--max-parallel-deployments <n>',
      'maximum number of deployments at once across all workers (default: ' +
        'DEPLOY_CODE_MAX_PARALLEL_DEPLOYMENTS, or no limit)',
      positive,
    )
    .option(
      '--build-id [id]',
      'build ID, to run beside other builds of the engine (default: DEPLOY_CODE_BUILD_ID; without a ' +
        'value: the version and a hash of the workflows)',
    )
    .option(
      '--debug-stacks',
      'record workflow stack traces for the Temporal UI; deployments take twice the processor time',
    )
    .action(async (options: WorkerOptions) => {
      const { runWorker } = await import('../run-worker.js');
      await runWorker(options);
    });
}
