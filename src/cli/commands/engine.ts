import type { Command } from 'commander';
import type { DevOptions } from '../dev';
import { addBuilds } from './builds';
import { list, positive, withConnection, type ConnectionOptions } from '../options';

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
}

/** The engine's own processes. */
export function addEngine(program: Command): void {
  program
    .command('dev')
    .description('run a development engine here: an embedded Temporal (file database, UI) and a worker')
    .option('-d, --detach', 'in the background')
    .option('--stop', 'stop the one that runs here and delete its state')
    .option('--port <port>', 'Temporal frontend', positive, 7233)
    .option('--ui-port <port>', 'Temporal UI', positive, 8233)
    .action(async (options: DevOptions) => {
      const { dev } = await import('../dev/index.js');
      await dev(options);
    });

  const worker = program.command('worker').enablePositionalOptions();
  addBuilds(worker);
  withConnection(worker.description('run a worker: it performs deployments, and serves /metrics, /healthz and /readyz'))
    .option('--port <port>', 'of /metrics, /healthz and /readyz', positive, 9464)
    .option('--host <address>', 'to serve them on (default 127.0.0.1)')
    .option(
      '--data-dir <folder>',
      'key, process instances and their logs (default: DEPLOY_CODE_DATA_DIR, or /var/lib/deploy-code)',
    )
    .option(
      '--hosts <file>',
      'serve the hosts that a file names under infrastructure.hosts too, each ' +
        'on a task queue of its own (default: DEPLOY_CODE_HOSTS)',
    )
    .option('--serve <names>', 'serve nothing but these of them, and leave workflows to other workers', list)
    .option(
      '--kubeconfig <file>',
      'the cluster of stacks on Kubernetes (default: KUBECONFIG, ' +
        '~/.kube/config, or the service account of its own pod)',
    )
    .option('--context <name>', 'of the kubeconfig (default: its current one)')
    .option('--policy <file>', 'what stack files may do here: docs/policy.md (default: DEPLOY_CODE_POLICY)')
    .option(
      '--audit-anchor <file>',
      'note the signed end of each audit trail in this file as well (default: DEPLOY_CODE_AUDIT_ANCHOR)',
    )
    .option('--audit-best-effort', 'do what cannot be recorded in the audit trail all the same')
    .option(
      '--accept-plain',
      'with an encryption key: accept messages from before it too (default: DEPLOY_CODE_ACCEPT_PLAIN)',
    )
    .option(
      '--max-parallel-deployments <n>',
      'deployments that all workers together take at once (default: DEPLOY_CODE_MAX_PARALLEL_DEPLOYMENTS, or no limit)',
      positive,
    )
    .option(
      '--build-id [id]',
      'run beside other builds of the engine under this id (default: ' +
        'DEPLOY_CODE_BUILD_ID; without a value: the version and a hash of the workflows)',
    )
    .option(
      '--debug-stacks',
      "record where workflows wait, for the stack traces of Temporal's UI; deployments take twice the processor time",
    )
    .action(async (options: WorkerOptions) => {
      const { runWorker } = await import('../run-worker.js');
      await runWorker(options);
    });
}
